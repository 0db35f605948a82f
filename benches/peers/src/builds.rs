//! Cold builds of programs that say hello over TCP: how long they take, and how many crates they take.

use std::{
    collections::HashSet,
    fmt::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Instant,
};

use crate::{machine, process, results::OURS, table::digits};

/// Each program is built so often, and the shortest time is taken.
const BUILDS: usize = 2;
/// Of the goal: seconds of ours, where the one with tokio alone takes so many.
const GOAL: (f64, f64) = (12.0, 5.0);
const CRATES_MAX: usize = 35;

struct Hello {
    name: &'static str,
    main: &'static str,
    build: Option<&'static str>,
    dependencies: &'static str,
}

const HELLOS: &[Hello] = &[
    Hello {
        name: "tokio alone",
        main: include_str!("../hello/tokio.rs"),
        build: None,
        dependencies: r#"tokio = { version = "1", features = ["io-util", "macros", "net", "rt-multi-thread"] }"#,
    },
    Hello {
        name: OURS,
        main: include_str!("../hello/distributed_actor.rs"),
        build: None,
        dependencies: concat!(
            "distributed-actor = { path = \"",
            env!("CARGO_MANIFEST_DIR"),
            "/../..\" }\n",
            r#"tokio = { version = "1", features = ["macros", "rt-multi-thread"] }"#
        ),
    },
    Hello {
        name: "tarpc",
        main: include_str!("../hello/tarpc.rs"),
        build: None,
        dependencies: r#"
futures = "0.3"
tarpc = { version = "0.38", features = ["serde-transport", "serde-transport-bincode", "tcp"] }
tokio = { version = "1", features = ["macros", "rt-multi-thread"] }"#,
    },
    Hello {
        name: "ractor_cluster",
        main: include_str!("../hello/ractor_cluster.rs"),
        build: None,
        dependencies: r#"
ractor = { version = "0.16", features = ["cluster"] }
ractor_cluster = "0.16"
tokio = { version = "1", features = ["macros", "rt-multi-thread"] }"#,
    },
    Hello {
        name: "tonic",
        main: include_str!("../hello/tonic.rs"),
        build: Some(include_str!("../hello/tonic_build.rs")),
        dependencies: r#"
prost = "0.14"
tokio = { version = "1", features = ["macros", "net", "rt-multi-thread"] }
tonic = "0.14"
tonic-prost = "0.14"
[build-dependencies]
tonic-build = "0.14""#,
    },
    Hello {
        name: "kameo",
        main: include_str!("../hello/kameo.rs"),
        build: None,
        dependencies: r#"
kameo = { version = "0.22", features = ["remote"] }
serde = { version = "1", features = ["derive"] }
tokio = { version = "1", features = ["macros", "rt-multi-thread"] }"#,
    },
];

/// All of one run.
pub(crate) struct Builds {
    machine: String,
    builds: Vec<Build>,
}

struct Build {
    name: &'static str,
    seconds: f64,
    processor_seconds: f64,
    crates: usize,
}

pub(crate) fn build() -> Builds {
    let machine = machine::describe();
    let scratch = std::env::temp_dir().join(format!("hello-{}", std::process::id()));
    let folders: Vec<PathBuf> = HELLOS.iter().map(|hello| hello.write_to(&scratch)).collect();
    let mut builds: Vec<_> = HELLOS
        .iter()
        .zip(&folders)
        .map(|(hello, folder)| Build {
            name: hello.name,
            seconds: f64::INFINITY,
            processor_seconds: f64::INFINITY,
            crates: crates(folder),
        })
        .collect();
    for round in 0..BUILDS {
        for (build, folder) in builds.iter_mut().zip(&folders) {
            eprint!("\rbuild {} of {BUILDS}: {}\x1b[K", round + 1, build.name);
            build.run(folder);
        }
    }
    eprint!("\r\x1b[K");
    let _ = std::fs::remove_dir_all(scratch);
    Builds { machine, builds }
}

impl Hello {
    fn write_to(&self, scratch: &Path) -> PathBuf {
        let folder = scratch.join(self.name.replace(' ', "-"));
        std::fs::create_dir_all(folder.join("src")).unwrap();
        let manifest = format!(
            "[workspace]\nresolver = \"3\"\n[package]\nname = \"hello\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\
             [dependencies]\n{}\n",
            self.dependencies
        );
        std::fs::write(folder.join("Cargo.toml"), manifest).unwrap();
        std::fs::write(folder.join("src/main.rs"), self.main).unwrap();
        if let Some(build) = self.build {
            std::fs::write(folder.join("build.rs"), build).unwrap();
        }
        // The same versions as everywhere here; cargo takes out what is not needed.
        std::fs::write(folder.join("Cargo.lock"), include_str!("../Cargo.lock")).unwrap();
        cargo(&folder, &["fetch"]);
        folder
    }
}

/// Those of its tree, without the program itself.
fn crates(folder: &Path) -> usize {
    let tree = cargo(folder, &["tree", "--edges", "normal,build", "--prefix", "none"]);
    let names = tree.lines().map(|line| line.trim_end_matches(" (*)"));
    names.filter(|line| !line.starts_with("hello v")).collect::<HashSet<_>>().len()
}

impl Build {
    fn run(&mut self, folder: &Path) {
        let _ = std::fs::remove_dir_all(folder.join("target"));
        let (began, before) = (Instant::now(), process::processor_time_of_children());
        cargo(folder, &["build", "--release", "--offline", "--quiet"]);
        let taken = process::processor_time_of_children() - before;
        self.seconds = self.seconds.min(began.elapsed().as_secs_f64());
        self.processor_seconds = self.processor_seconds.min(taken.as_secs_f64());
    }
}

fn cargo(folder: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new("cargo");
    command.args(arguments).current_dir(folder).env("CARGO_TARGET_DIR", folder.join("target"));
    let output = command.stderr(Stdio::inherit()).output().unwrap();
    assert!(output.status.success(), "cargo {arguments:?} in {}", folder.display());
    String::from_utf8(output.stdout).unwrap()
}

pub(crate) fn table(Builds { machine, builds }: &Builds) -> String {
    let floor = builds[0].seconds;
    let mut out = format!("{machine}; the shortest of {BUILDS} builds.\n\n");
    out.push_str("| | seconds | x tokio alone | of processor time | crates |\n|---|---:|---:|---:|---:|\n");
    for build in builds {
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} | {} |",
            build.name,
            digits(build.seconds),
            digits(build.seconds / floor),
            digits(build.processor_seconds),
            build.crates
        );
    }
    let Some(ours) = builds.iter().find(|build| build.name == OURS) else { return out };
    let (bound, figure) = (GOAL.0 / GOAL.1, ours.seconds / floor);
    let verdict = |met| if met { "met" } else { "**missed**" };
    out.push_str("\n| goal | measured | |\n|---|---|---|\n");
    let _ = writeln!(
        out,
        "| <= {bound} x tokio alone ({} s where it takes {} s) | {} | {} |",
        GOAL.0,
        GOAL.1,
        digits(figure),
        verdict(figure <= bound)
    );
    let _ = writeln!(out, "| <= {CRATES_MAX} crates | {} | {} |", ours.crates, verdict(ours.crates <= CRATES_MAX));
    out
}
