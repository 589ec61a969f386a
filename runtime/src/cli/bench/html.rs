//! Results as one page: growth curves, bars, and the numbers; nothing is loaded from elsewhere.
use super::catalog::{GROWTH, describe};
use super::measure::{Figure, Results};
use super::report::{circumstances, number};
use std::fmt::Write;

/// Colours that those who see few colours tell apart too; one for each interpreter, in a light and a dark variant.
const COLOURS: [(&str, &str); 6] = [
    ("#0b6e99", "#4fb3d9"),
    ("#c2570c", "#f0944d"),
    ("#2f7d4f", "#5fc48a"),
    ("#8a4fa3", "#c38fdc"),
    ("#8a6d00", "#d8b93b"),
    ("#7a7a7a", "#a8a8a8"),
];

const STYLE: &str = "
:root { color-scheme: light dark; --back: #ffffff; --text: #1c1e21; --soft: #5c6370; --line: #d9dce1; }
body { margin: 0 auto; max-width: 62rem; padding: 1.5rem; background: var(--back); color: var(--text);
  font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.6rem; margin: 0 0 .5rem; }
h2 { font-size: 1.2rem; margin: 2.2rem 0 .6rem; }
p.facts { margin: 0; color: var(--soft); font-size: .9rem; overflow-wrap: anywhere; }
.legend { display: flex; flex-wrap: wrap; gap: .3rem 1.2rem; margin: 1rem 0; padding: 0; list-style: none; }
.legend i { display: inline-block; width: .8rem; height: .8rem; margin-right: .4rem; border-radius: 2px; }
.curves { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(27rem, 100%), 1fr)); gap: 1.2rem; }
figure { margin: 0; }
figcaption { font-size: .95rem; margin-bottom: .2rem; }
svg { display: block; width: 100%; height: auto; }
svg text { fill: var(--text); font: 13px system-ui, sans-serif; }
svg .soft { fill: var(--soft); }
svg .grid { stroke: var(--line); stroke-width: 1; }
svg .spread { stroke: var(--text); stroke-width: 1.5; opacity: .55; }
svg .curve { fill: none; stroke-width: 2; stroke-linejoin: round; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: .88rem; font-variant-numeric: tabular-nums; }
th, td { padding: .2rem .7rem; border-bottom: 1px solid var(--line); text-align: right; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; }
td small { color: var(--soft); }
";

fn escape(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    text.replace('>', "&gt;").replace('"', "&quot;")
}

pub(super) fn page(r: &Results) -> String {
    let mut h = String::from(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>lasti bench</title>\n<style>",
    );
    h += STYLE;
    h += &colours(r.programs.len());
    h += "</style>\n</head>\n<body>\n<h1>lasti bench</h1>\n";
    for line in circumstances(r) {
        let _ = writeln!(h, "<p class=\"facts\">{}</p>", escape(&line));
    }
    h += "<ul class=\"legend\">";
    for (i, program) in r.programs.iter().enumerate() {
        let colour = i % COLOURS.len();
        let name = escape(&program.name);
        let _ = write!(
            h,
            "<li><i style=\"background: var(--c{colour})\"></i>{name}</li>"
        );
    }
    h += "</ul>\n";
    growth(&mut h, r);
    for section in sections(r) {
        bars(&mut h, r, section);
    }
    numbers(&mut h, r);
    h += "</body>\n</html>\n";
    h
}

/// A variable for each colour, with its variant for dark screens.
fn colours(programs: usize) -> String {
    let mut light = String::new();
    let mut dark =
        String::from("--back: #16181c; --text: #e6e8eb; --soft: #9aa2ad; --line: #353a42;");
    for (i, (a, b)) in COLOURS.iter().enumerate().take(programs) {
        let _ = write!(light, " --c{i}: {a};");
        let _ = write!(dark, " --c{i}: {b};");
    }
    format!(":root {{{light} }}\n@media (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}\n")
}

/// The size in `switch/1000`.
fn size(figure: &str) -> Option<u32> {
    figure.split_once('/')?.1.parse().ok()
}

fn series<'a>(r: &'a Results, group: &str) -> Vec<(u32, &'a Figure)> {
    let of_group = |f: &&Figure| f.name.split('/').next() == Some(group);
    let mut all: Vec<_> = r
        .figures
        .iter()
        .filter(of_group)
        .filter_map(|f| Some((size(&f.name)?, f)))
        .collect();
    all.sort_by_key(|(n, _)| *n);
    all
}

/// Cost against number, for those that were measured at three sizes and more, evenly spread.
fn growth(h: &mut String, r: &Results) {
    let curves: Vec<_> = GROWTH
        .iter()
        .map(|group| (*group, series(r, group)))
        .filter(|(_, points)| points.len() > 3 || (points.len() == 3 && points[0].0 > 1))
        .collect();
    if curves.is_empty() {
        return;
    }
    *h += "<h2>Growth: the cost of one, by how many there are</h2>\n<div class=\"curves\">\n";
    for (group, points) in curves {
        curve(h, r, group, &points);
    }
    *h += "</div>\n";
}

fn curve(h: &mut String, r: &Results, group: &str, points: &[(u32, &Figure)]) {
    const WIDTH: f64 = 460.0;
    const HEIGHT: f64 = 260.0;
    let (left, right, top, bottom) = (62.0, WIDTH - 16.0, 12.0, HEIGHT - 34.0);
    let medians = points
        .iter()
        .flat_map(|(_, f)| (0..r.programs.len()).filter_map(|i| f.summary(i)))
        .map(|s| s.median);
    let (step, most) = scale(medians.fold(0.0, f64::max));
    let (first, last) = (decade(points[0].0), decade(points[points.len() - 1].0));
    let x = |n: u32| left + (decade(n) - first) / (last - first).max(1e-9) * (right - left);
    let y = |v: f64| bottom - v / most * (bottom - top);
    let unit = escape(&points[0].1.unit);
    let title = escape(describe(group).1);
    let _ = write!(
        h,
        "<figure><figcaption>{title} <span style=\"color: var(--soft)\">({unit} each)</span></figcaption>\n\
         <svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{title}: {unit} each, by number\">\n"
    );
    for i in 0_u8.. {
        let v = f64::from(i) * step;
        if v > most * 1.001 {
            break;
        }
        let at = y(v);
        let _ = writeln!(
            h,
            "<line class=\"grid\" x1=\"{left}\" x2=\"{right}\" y1=\"{at:.1}\" y2=\"{at:.1}\"/>\
             <text class=\"soft\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            left - 7.0,
            at + 4.5,
            tick(v)
        );
    }
    for (n, _) in points.iter().filter(|(n, _)| decade(*n).fract() == 0.0) {
        let _ = writeln!(
            h,
            "<text class=\"soft\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
            x(*n),
            bottom + 20.0,
            tick(f64::from(*n))
        );
    }
    for (i, program) in r.programs.iter().enumerate() {
        let colour = i % COLOURS.len();
        let known: Vec<_> = points
            .iter()
            .filter_map(|(n, f)| Some((*n, f.summary(i)?)))
            .collect();
        let line: Vec<_> = known
            .iter()
            .map(|(n, s)| format!("{:.1},{:.1}", x(*n), y(s.median)))
            .collect();
        let _ = writeln!(
            h,
            "<polyline class=\"curve\" style=\"stroke: var(--c{colour})\" points=\"{}\"/>",
            line.join(" ")
        );
        for (n, s) in known {
            let _ = writeln!(
                h,
                "<circle style=\"fill: var(--c{colour})\" cx=\"{:.1}\" cy=\"{:.1}\" r=\"3.5\">\
                 <title>{}, {n}: {} {unit} ({} … {})</title></circle>",
                x(n),
                y(s.median),
                escape(&program.name),
                number(s.median),
                number(s.min),
                number(s.max)
            );
        }
    }
    *h += "</svg></figure>\n";
}

fn decade(n: u32) -> f64 {
    f64::from(n).log10()
}

/// The distance of round grid lines, some three to six of them, and the last of them.
fn scale(most: f64) -> (f64, f64) {
    let most = if most > 0.0 { most } else { 1.0 };
    let power = 10_f64.powf((most / 5.0).log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0]
        .map(|f| f * power)
        .into_iter()
        .find(|s| most / s <= 5.0)
        .unwrap_or(power * 10.0);
    (step, (most / step).ceil() * step)
}

/// 1500 as 1.5k, 2000000 as 2M.
fn tick(v: f64) -> String {
    let short = |x: f64| format!("{}", (x * 100.0).round() / 100.0);
    match v {
        v if v >= 1e6 => short(v / 1e6) + "M",
        v if v >= 1e3 => short(v / 1e3) + "k",
        v => short(v),
    }
}

/// The headings, in the order in which their first figure came.
fn sections(r: &Results) -> Vec<&'static str> {
    let mut all = Vec::new();
    for f in shown(r) {
        let section = describe(&f.name).0;
        if !all.contains(&section) {
            all.push(section);
        }
    }
    all
}

/// What gets bars: a size that only stands for a point of a curve does not.
fn shown(r: &Results) -> impl Iterator<Item = &Figure> {
    let usual = super::catalog::benches(false, r.quick);
    r.figures.iter().filter(move |f| {
        let group = f.name.split('/').next().unwrap_or_default();
        let n = size(&f.name).map(|n| n.to_string());
        !GROWTH.contains(&group)
            || usual.iter().any(|b| {
                // The bench timers/N gives timer_set/N and its like, park/N gives park_memory/N.
                let (of, sized) = b.name.split_once('/').unwrap_or_default();
                n.as_deref() == Some(sized) && group.starts_with(of.trim_end_matches('s'))
            })
    })
}

fn bars(h: &mut String, r: &Results, section: &str) {
    let figures: Vec<_> = shown(r)
        .filter(|f| describe(&f.name).0 == section)
        .collect();
    const WIDTH: f64 = 880.0;
    const BAR: f64 = 17.0;
    let (left, right) = (310.0, WIDTH - 190.0);
    let most_of = |f: &Figure| {
        let all = (0..r.programs.len()).filter_map(|i| f.summary(i));
        all.map(|s| s.median).fold(0.0, f64::max)
    };
    let mut y = 6.0;
    let mut body = String::new();
    for f in &figures {
        // Beside others, each figure has a scale of its own; alone, those of one unit share it.
        let most = if r.programs.len() > 1 {
            most_of(f)
        } else {
            let same = figures.iter().filter(|g| g.unit == f.unit);
            same.map(|g| most_of(g)).fold(0.0, f64::max)
        };
        let known: Vec<_> = (0..r.programs.len())
            .filter_map(|i| Some((i, f.summary(i)?)))
            .collect();
        let middle = y + known.len() as f64 * BAR / 2.0 + 4.5;
        let about = match f.name.split_once('/') {
            Some((_, "no_free_lists")) => format!("{}, no free lists", describe(&f.name).1),
            Some((_, n)) => format!("{}, {n}", describe(&f.name).1),
            None => describe(&f.name).1.to_owned(),
        };
        let _ = writeln!(
            body,
            "<text x=\"{:.1}\" y=\"{middle:.1}\" text-anchor=\"end\">{}</text>",
            left - 10.0,
            escape(&about)
        );
        for (i, s) in known {
            let at = |v: f64| left + (v / most.max(1e-12)).min(1.12) * (right - left);
            let colour = i % COLOURS.len();
            let ratio = match f.ratio(i) {
                Some(x) if i > 0 => format!(" · {} ×", number(x)),
                _ => String::new(),
            };
            let _ = writeln!(
                body,
                "<rect style=\"fill: var(--c{colour})\" x=\"{left}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" rx=\"2\">\
                 <title>{}: {} {} ({} … {})</title></rect>\
                 <line class=\"spread\" x1=\"{:.1}\" x2=\"{:.1}\" y1=\"{:.1}\" y2=\"{:.1}\"/>\
                 <text x=\"{:.1}\" y=\"{:.1}\">{} {}{ratio}</text>",
                y + 1.5,
                (at(s.median) - left).max(1.0),
                BAR - 3.0,
                escape(&r.programs[i].name),
                number(s.median),
                escape(&f.unit),
                number(s.min),
                number(s.max),
                at(s.min),
                at(s.max),
                y + BAR / 2.0,
                y + BAR / 2.0,
                at(s.max).max(at(s.median)) + 8.0,
                y + BAR / 2.0 + 4.5,
                number(s.median),
                escape(&f.unit),
            );
            y += BAR;
        }
        y += 9.0;
    }
    let title = escape(section);
    let _ = write!(
        h,
        "<h2>{title}</h2>\n<div class=\"scroll\"><svg viewBox=\"0 0 {WIDTH} {y:.0}\" style=\"min-width: 38rem\" \
         role=\"img\" aria-label=\"{title}; the numbers stand in the table below\">\n{body}</svg></div>\n"
    );
}

fn numbers(h: &mut String, r: &Results) {
    *h +=
        "<h2>Numbers</h2>\n<div class=\"scroll\"><table>\n<thead><tr><th>figure</th><th>unit</th>";
    for (i, program) in r.programs.iter().enumerate() {
        let _ = write!(h, "<th>{}</th>", escape(&program.name));
        if i > 0 {
            *h += "<th>×</th>";
        }
    }
    *h += "</tr></thead>\n<tbody>\n";
    for f in &r.figures {
        let (name, unit) = (escape(&f.name), escape(&f.unit));
        let _ = write!(h, "<tr><td>{name}</td><td>{unit}</td>");
        for i in 0..r.programs.len() {
            let _ = match f.summary(i) {
                Some(s) => write!(
                    h,
                    "<td>{} <small>({} … {})</small></td>",
                    number(s.median),
                    number(s.min),
                    number(s.max)
                ),
                None => write!(h, "<td>–</td>"),
            };
            if i > 0 {
                let ratio = f.ratio(i).map_or_else(|| "–".into(), number);
                let _ = write!(h, "<td>{ratio}</td>");
            }
        }
        *h += "</tr>\n";
    }
    *h += "</tbody></table></div>\n";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grid_lines_are_round_and_reach_the_top() {
        assert_eq!(scale(1018.0), (500.0, 1500.0));
        assert_eq!(scale(95.0), (20.0, 100.0));
        assert_eq!(scale(5.0), (1.0, 5.0));
        assert_eq!((tick(1500.0), tick(2e6)), ("1.5k".into(), "2M".into()));
    }
}
