//! What the time depends on, as SVG.

use std::path::Path;

use anyhow::{Context, Result, anyhow};
use plotters::prelude::*;

use crate::contests::{decode, publishes, scale, size_name};
use crate::measure::Outcome;

/// A line: a name, and places with nanoseconds.
type Line = (String, Vec<(f64, f64)>);

/// Draws what can be drawn of these outcomes; returns the names of the plots.
pub(crate) fn draw(outcomes: &[Outcome], to: &Path) -> Result<Vec<String>> {
    let of = |name: &str| outcomes.iter().find(|outcome| outcome.name == name);
    let mut names = Vec::new();
    let mut plot = |name: &str, title: &str, axis: &str, lines: Vec<Line>| -> Result<()> {
        if lines.is_empty() {
            return Ok(());
        }
        std::fs::create_dir_all(to).with_context(|| format!("{}", to.display()))?;
        let path = to.join(format!("{name}.svg"));
        chart(&path, title, axis, &lines).map_err(|error| anyhow!("{name}: {error}"))?;
        names.push(name.to_owned());
        Ok(())
    };
    for (name, title, prefix, sizes) in [
        ("deliveries", "Decoding a delivery", "W1", decode::SIZES),
        ("publishes", "Encoding a publish", "W3", publishes::SIZES),
    ] {
        let by_size = |size| Some((size as f64, of(&format!("{prefix} {}", size_name(size)))?));
        let outcomes: Vec<_> = sizes.into_iter().filter_map(by_size).collect();
        plot(name, title, "octets of body", by_contestant(&outcomes))?;
    }
    let lines = by_count(of(scale::BY_CHANNELS), &scale::CHANNELS, scale::channels_name);
    plot("channels", "A delivery on one of many channels", "open channels", lines)?;
    let lines = by_count(of(scale::BY_CONNECTIONS), &scale::CONNECTIONS, scale::connections_name);
    plot("connections", "A delivery on one of many connections", "connections", lines)?;
    Ok(names)
}

/// A line for each contestant over outcomes of the same shape.
fn by_contestant(outcomes: &[(f64, &Outcome)]) -> Vec<Line> {
    let Some((_, first)) = outcomes.first() else { return Vec::new() };
    let line = |name: &str| {
        let point = |(x, outcome): &(f64, &Outcome)| Some((*x, outcome.nanos(name)?));
        (name.to_owned(), outcomes.iter().filter_map(point).collect())
    };
    first.rows.iter().map(|row| line(&row.name)).collect()
}

/// One line over the contestants of one outcome, and the scan as a second one.
fn by_count(outcome: Option<&Outcome>, counts: &[usize], name: fn(usize) -> String) -> Vec<Line> {
    let Some(outcome) = outcome else { return Vec::new() };
    let line = |label: &str, nanos: &dyn Fn(usize) -> Option<f64>| {
        let points = counts.iter().filter_map(|count| Some((*count as f64, nanos(*count)?)));
        (label.to_owned(), points.collect())
    };
    vec![
        line("amqp-proto: engine", &|count| outcome.nanos(&name(count))),
        line("bare frame scan", &|_| outcome.nanos("bare frame scan")),
    ]
}

fn chart(
    path: &Path,
    title: &str,
    axis: &str,
    lines: &[Line],
) -> Result<(), Box<dyn core::error::Error>> {
    let points = || lines.iter().flat_map(|(_, points)| points);
    let ends = |of: fn(&(f64, f64)) -> f64| {
        let least = points().map(of).fold(f64::INFINITY, f64::min);
        (least, points().map(of).fold(0.0, f64::max))
    };
    let (left, right) = ends(|point| point.0);
    let (bottom, top) = ends(|point| point.1);
    // Room above the lines for the names of all of them.
    let headroom = 1.5 * (top / bottom).powf(0.08 * lines.len() as f64);
    let (across, up) = (left * 0.7..right * 1.5, bottom * 0.7..top * headroom);
    let area = SVGBackend::new(path, (880, 520)).into_drawing_area();
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&area)
        .caption(title, ("sans-serif", 22))
        .margin(12)
        .x_label_area_size(44)
        .y_label_area_size(64)
        .build_cartesian_2d(across.log_scale(), up.log_scale())?;
    let plain = |value: &f64| format!("{value}");
    chart
        .configure_mesh()
        .x_desc(axis)
        .y_desc("nanoseconds per message")
        .x_label_formatter(&plain)
        .y_label_formatter(&plain)
        .draw()?;
    for (place, (name, points)) in lines.iter().enumerate() {
        let colour = Palette99::pick(place).to_rgba();
        chart
            .draw_series(
                LineSeries::new(points.iter().copied(), colour.stroke_width(2)).point_size(3),
            )?
            .label(name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(2)));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .background_style(WHITE.mix(0.8))
        .border_style(BLACK.mix(0.4))
        .draw()?;
    area.present()?;
    Ok(())
}
