//! Every file of the corpora, without a fuzzer.

use std::{collections::BTreeSet, fs, path::Path};

use crate::TARGETS;

fn corpora() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/corpus"))
}

#[test]
fn every_file_of_the_corpora_passes_its_target() {
    for (name, run) in TARGETS {
        let mut files: Vec<_> =
            fs::read_dir(corpora().join(name)).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        assert!(!files.is_empty(), "there is no corpus for {name}");
        for file in files {
            eprintln!("{}", file.display());
            run(&fs::read(&file).unwrap());
        }
    }
}

#[test]
fn every_cut_and_every_flipped_byte_of_the_corpora_passes_its_target() {
    for (name, run) in TARGETS {
        for entry in fs::read_dir(corpora().join(name)).unwrap() {
            let file = entry.unwrap().path();
            eprintln!("{}", file.display());
            let data = fs::read(&file).unwrap();
            for at in 0..data.len().min(512) {
                run(&data[..at]);
                let mut flipped = data.clone();
                flipped[at] ^= 0xff;
                run(&flipped);
            }
        }
    }
}

#[test]
fn every_target_has_a_corpus_and_every_corpus_a_target() {
    let corpora: BTreeSet<_> =
        fs::read_dir(corpora()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(corpora, TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect());
}
