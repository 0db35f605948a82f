//! The command line.

use std::{path::PathBuf, time::Duration};

use crate::{
    contender::Contender,
    contenders,
    row::{self, Row},
};

pub(crate) const HELP: &str = "\
cargo run --release [-- OPTIONS]

  --rounds N     how often everything is measured; the medians are shown (5)
  --quick        less time for each measurement, and 3 rounds
  --only WORD    the rows whose name has WORD in it; may be given again
  --builds       cold builds of a program that says hello, too: some minutes
  --builds-only  nothing but these
  --write FILE   puts the figures between the marks in FILE, and benchmarks.svg beside the document of that name; may be
                 given again

cargo run --release --no-default-features -- check FILE

  measures against the floors alone, and fails if it stays far below a ratio that FILE tells";

pub(crate) struct Arguments {
    pub(crate) command: Command,
    pub(crate) options: Options,
    pub(crate) builds: bool,
    pub(crate) builds_alone: bool,
    pub(crate) write: Vec<PathBuf>,
}

pub(crate) enum Command {
    Compare,
    Check {
        document: PathBuf,
    },
    /// In a child process.
    Measure {
        row: &'static Row,
        contender: Contender,
        time: Duration,
    },
    /// In a child of that.
    Serve {
        contender: Contender,
    },
}

pub(crate) struct Options {
    pub(crate) rounds: usize,
    /// What one measurement takes, without its warming up.
    pub(crate) time: Duration,
    pub(crate) only: Vec<String>,
}

impl Options {
    pub(crate) fn quick(rounds: usize) -> Self {
        Self { rounds, time: Duration::from_millis(200), only: Vec::new() }
    }
}

impl Arguments {
    pub(crate) fn parse(given: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut given = given.peekable();
        let mut arguments = Self {
            command: Command::Compare,
            options: Options { rounds: 5, time: Duration::from_millis(700), only: Vec::new() },
            builds: false,
            builds_alone: false,
            write: Vec::new(),
        };
        let mut rounds = None;
        while let Some(argument) = given.next() {
            let mut value = || given.next().ok_or(format!("{argument} needs a value"));
            match &*argument {
                "--rounds" => rounds = Some(number(&value()?)?.max(1)),
                "--quick" => arguments.options = Options { only: arguments.options.only, ..Options::quick(3) },
                "--only" => arguments.options.only.push(value()?),
                "--builds" => arguments.builds = true,
                "--builds-only" => (arguments.builds, arguments.builds_alone) = (true, true),
                "--write" => arguments.write.push(value()?.into()),
                "check" => arguments.command = Command::Check { document: value()?.into() },
                "measure" => {
                    let (row, contender, time) = (value()?, value()?, value()?);
                    let row = row::all().find(|known| known.id == row).ok_or(format!("no row {row}"))?;
                    let time = Duration::from_millis(number(&time)? as u64);
                    arguments.command = Command::Measure { row, contender: find(&contender)?, time };
                }
                "serve" => arguments.command = Command::Serve { contender: find(&value()?)? },
                _ => return Err(format!("what is {argument}?")),
            }
        }
        arguments.options.rounds = rounds.unwrap_or(arguments.options.rounds);
        Ok(arguments)
    }
}

fn number(text: &str) -> Result<usize, String> {
    text.parse().map_err(|_| format!("{text} is not a number"))
}

fn find(name: &str) -> Result<Contender, String> {
    contenders::all().into_iter().find(|contender| contender.name == name).ok_or(format!("no contender {name}"))
}
