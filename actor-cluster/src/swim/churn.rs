//! What a cluster costs its members while some of them come and go: in simulation, and drawn.

use std::{fmt::Write, time::Duration};

use super::{
    simulation::Simulation,
    tests::{seconds, setting},
};

/// What was seen of a cluster.
#[derive(Debug)]
struct Figures {
    members: usize,
    /// How long after the start all saw all.
    converged: Duration,
    /// Bytes a second that each member has sent.
    rate: f64,
    /// The longest that it took until all knew of a death or a birth.
    known: Duration,
    longest_message: usize,
    false_deaths: usize,
}

/// One member dies and one joins, so many times in a minute.
fn churn(members: usize, minutes: u64, pairs_a_minute: f64) -> Figures {
    let mut simulation = Simulation::new(11);
    for number in 0..members {
        simulation.start((number > 0).then_some(0));
    }
    let converged = simulation.run_until(seconds(120), Simulation::all_see_all).expect("all see all");
    simulation.run(seconds(20));
    let (bytes, began) = (simulation.bytes, simulation.elapsed());
    let mut known = Duration::ZERO;
    while simulation.elapsed() - began < seconds(60 * minutes) {
        let numbers = simulation.numbers();
        simulation.kill(numbers[numbers.len() / 3]);
        let contact = simulation.numbers()[0];
        simulation.start(Some(contact));
        let seen = simulation.run_until(seconds(60), Simulation::all_see_all);
        let seen = seen.expect("all see all after a death and a birth");
        known = known.max(seen);
        simulation.run(seconds(60).div_f64(pairs_a_minute).saturating_sub(seen));
    }
    let time = (simulation.elapsed() - began).as_secs_f64();
    let figures = Figures {
        members,
        converged,
        rate: (simulation.bytes - bytes) as f64 / members as f64 / time,
        known,
        longest_message: simulation.longest,
        false_deaths: simulation.false_deaths.len(),
    };
    println!("figure: {pairs_a_minute} deaths and as many births a minute: {figures:?}");
    figures
}

/// 1 % of the members die and as many join in each minute. `CLUSTER_MEMBERS` and `CLUSTER_MINUTES` make it larger.
#[test]
fn churn_among_many_members_costs_each_little_and_kills_nobody_else() {
    let members = setting("CLUSTER_MEMBERS", 60) as usize;
    let figures = churn(members, setting("CLUSTER_MINUTES", 2), members as f64 / 100.0);
    assert_eq!(figures.false_deaths, 0);
    assert!(figures.rate < 300.0 && figures.longest_message < 8 * 1024, "{figures:?}");
}

/// Ten times as many deaths and births make more messages, and no longer ones.
#[test]
fn messages_do_not_grow_with_churn() {
    let (little, much) = (churn(60, 2, 1.0), churn(60, 2, 10.0));
    assert!(much.longest_message <= little.longest_message + 256, "{little:?}, {much:?}");
    assert!(much.rate < little.rate * 10.0 && much.false_deaths == 0, "{little:?}, {much:?}");
}

/// News cost something, members do not: with as many changes, in clusters of any size each member sends as much.
/// `CLUSTER_CHART` names a file to draw this to, with up to 1,000 members.
#[test]
fn what_a_member_sends_does_not_grow_with_the_cluster() {
    let chart = std::env::var("CLUSTER_CHART").ok();
    let sizes: &[usize] = if chart.is_some() { &[16, 32, 64, 125, 250, 500, 1000] } else { &[16, 64] };
    let minutes = if chart.is_some() { 3 } else { 1 };
    let share: Vec<_> = sizes.iter().map(|size| churn(*size, minutes, *size as f64 / 100.0)).collect();
    let steady: Vec<_> = sizes.iter().map(|size| churn(*size, minutes, 1.0)).collect();
    assert!(share.iter().chain(&steady).all(|figures| figures.false_deaths == 0));
    // Among few, one death is much.
    let (few, many) = (steady.first().expect("some"), steady.last().expect("some"));
    assert!(many.rate < few.rate, "{few:?}, {many:?}");
    if let Some(path) = chart {
        std::fs::write(path, draw(&share, &steady)).expect("the chart can be written");
    }
}

/// A line of a panel: what it shows, its class, and a value for each size.
type Line<'a> = (&'a str, &'a str, Vec<f64>);

fn draw(share: &[Figures], steady: &[Figures]) -> String {
    let of = |figures: &[Figures], value: fn(&Figures) -> f64| figures.iter().map(value).collect::<Vec<_>>();
    let sizes: Vec<_> = share.iter().map(|figures| figures.members).collect();
    let mut svg = String::from(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 960 310\" font-family=\"sans-serif\" font-size=\"11\">\n\
         <style>text { fill: #222 } .title { font-weight: bold; font-size: 12px } .unit { fill: #666 } .y { text-anchor: end }\n\
         .x { text-anchor: middle } polyline { fill: none; stroke-width: 2 } .share { stroke: #d9480f } .steady { stroke: #4c7fb0 }\n\
         .axis { stroke: #adb5bd }</style>\n<rect width=\"960\" height=\"310\" fill=\"#fff\"/>\n",
    );
    let share_of = "1 % die and join a minute";
    let steady_of = "one dies and joins a minute";
    let panels: [(&str, &str, Vec<Line<'_>>); 3] = [
        (
            "convergence",
            "seconds",
            vec![
                ("a change is known to all", "share", of(share, |figures| figures.known.as_secs_f64())),
                ("all see all after the start", "steady", of(share, |figures| figures.converged.as_secs_f64())),
            ],
        ),
        (
            "traffic",
            "bytes a second that each member sends",
            vec![
                (share_of, "share", of(share, |figures| figures.rate)),
                (steady_of, "steady", of(steady, |figures| figures.rate)),
            ],
        ),
        (
            "false deaths",
            "members that were alive and declared dead",
            vec![
                (share_of, "share", of(share, |figures| figures.false_deaths as f64)),
                (steady_of, "steady", of(steady, |figures| figures.false_deaths as f64)),
            ],
        ),
    ];
    for (number, (title, unit, lines)) in panels.iter().enumerate() {
        panel(&mut svg, 16.0 + 320.0 * number as f64, (title, unit), &sizes, lines);
    }
    svg.push_str("</svg>\n");
    svg
}

fn panel(svg: &mut String, left: f64, (title, unit): (&str, &str), sizes: &[usize], lines: &[Line<'_>]) {
    let (top, bottom, width) = (70.0, 230.0, 240.0);
    let (left, text) = (left + 36.0, left);
    let most = lines.iter().flat_map(|(_, _, values)| values).fold(1.0_f64, |most, value| most.max(*value));
    let x = |number: usize| left + width * number as f64 / (sizes.len() - 1) as f64;
    let y = |value: f64| bottom - (bottom - top) * value / most;
    let mut put = |line: std::fmt::Arguments<'_>| writeln!(svg, "{line}").expect("a string takes all");
    put(format_args!("<text x=\"{text}\" y=\"24\" class=\"title\">{title}</text>"));
    put(format_args!("<text x=\"{text}\" y=\"40\" class=\"unit\">{unit}</text>"));
    for value in [0.0, most / 2.0, most] {
        let (end, at) = (left + width, y(value));
        put(format_args!("<line x1=\"{left}\" y1=\"{at:.1}\" x2=\"{end}\" y2=\"{at:.1}\" class=\"axis\"/>"));
        let digits = usize::from(most < 20.0);
        put(format_args!("<text x=\"{}\" y=\"{:.1}\" class=\"y\">{value:.digits$}</text>", left - 5.0, at + 4.0));
    }
    for (number, size) in sizes.iter().enumerate() {
        put(format_args!("<text x=\"{:.1}\" y=\"246\" class=\"x\">{size}</text>", x(number)));
    }
    put(format_args!("<text x=\"{:.1}\" y=\"261\" class=\"x\">members</text>", left + width / 2.0));
    for (number, (name, class, values)) in lines.iter().enumerate() {
        let points: Vec<_> =
            values.iter().enumerate().map(|(at, value)| format!("{:.1},{:.1}", x(at), y(*value))).collect();
        put(format_args!("<polyline points=\"{}\" class=\"{class}\"/>", points.join(" ")));
        let at = 277.0 + 16.0 * number as f64;
        put(format_args!("<polyline points=\"{left},{at} {},{at}\" class=\"{class}\"/>", left + 20.0));
        put(format_args!("<text x=\"{}\" y=\"{}\">{name}</text>", left + 26.0, at + 4.0));
    }
}
