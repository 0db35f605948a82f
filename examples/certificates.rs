//! Certificates for development: an authority, and what it issues for some nodes.
//!
//!     cargo run --example certificates --features development-ca -- <directory> <node>...
//!
//! Without arguments, for two nodes in a new directory among the temporary ones, which is removed again. You will see
//!
//!     ca.pem
//!     node0.key
//!     node0.pem
//!     node1.key
//!     node1.pem
//!
//! A node `node0` then shows `node0.pem` and trusts what `ca.pem` has issued:
//!
//!     let identity = Identity::from_pem_files("node0.pem", "node0.key")?;
//!     let tls = Tls::mutual(identity, Trust::from_pem_file("ca.pem")?)?;
//!
//! The authority's own key is written nowhere: run this again for other nodes, and all need the new files.

use std::{env, error::Error, fs, path::Path};

use distributed_actor::security::{DevelopmentCa, Identity, Tls, Trust};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.split_first() {
        Some((directory, nodes)) => write(Path::new(directory), nodes),
        None => {
            let directory = env::temp_dir().join(format!("certificates-{}", std::process::id()));
            let written = write(&directory, &["node0".into(), "node1".into()]);
            fs::remove_dir_all(&directory)?;
            written
        }
    }
}

fn write(directory: &Path, nodes: &[String]) -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(directory)?;
    let ca = DevelopmentCa::new()?;
    ca.write_to(directory)?;
    for node in nodes {
        ca.issue(node)?.write_to(directory)?;
        // What was written can be used.
        let file = |ending: &str| directory.join(format!("{node}.{ending}"));
        let trust = Trust::from_pem_file(directory.join("ca.pem"))?;
        Tls::mutual(Identity::from_pem_files(file("pem"), file("key"))?, trust)?;
    }
    let mut names: Vec<_> =
        fs::read_dir(directory)?.map(|file| Ok(file?.file_name())).collect::<Result<_, std::io::Error>>()?;
    names.sort();
    for name in names {
        println!("{}", name.to_string_lossy());
    }
    Ok(())
}
