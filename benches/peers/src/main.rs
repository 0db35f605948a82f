//! Measures distributed-actor beside other crates for actors and calls, and beside hand-written floors.
//! `docs/benchmarks.md` says how, and holds the figures.

mod arguments;
mod builds;
mod chart;
mod check;
mod contender;
mod contenders;
mod document;
#[path = "../../floors/mod.rs"]
mod floors;
mod goal;
mod load;
mod local;
mod machine;
mod process;
mod remote;
mod results;
mod row;
mod run;
mod slow;
mod table;

use arguments::{Arguments, Command};

fn main() -> std::process::ExitCode {
    let arguments = match Arguments::parse(std::env::args().skip(1)) {
        Ok(arguments) => arguments,
        Err(error) => {
            eprintln!("{error}\n\n{}", arguments::HELP);
            return 2.into();
        }
    };
    match arguments.command {
        Command::Serve { contender } => process::serve(&contender),
        Command::Measure { row, contender, time } => run::measure(row, &contender, time),
        Command::Check { document } => return check::check(&document).into(),
        Command::Compare => {
            let results = (!arguments.builds_alone).then(|| run::compare(&arguments.options));
            let builds = arguments.builds.then(builds::build);
            document::report(results.as_ref(), builds.as_ref(), &arguments.write);
        }
    }
    0.into()
}
