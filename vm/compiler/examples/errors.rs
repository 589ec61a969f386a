//! `errors TABLE...`: the rows of tables made by `tests/golden/errors.py` that come out differently, and counts.
#[path = "../tests/common/table.rs"]
mod table;

fn main() {
    for path in std::env::args().skip(1) {
        let rows = match std::fs::read_to_string(&path) {
            Ok(rows) => rows,
            Err(error) => {
                println!("{path}: {error}");
                continue;
            }
        };
        let (mut all, mut words, mut places) = (0, 0, 0);
        for line in rows.lines() {
            let expected = table::row(line);
            let ours = table::ours(&expected);
            all += 1;
            if ours == expected {
                continue;
            }
            let same_words = ours.get(2..4) == expected.get(2..4);
            *(if same_words { &mut places } else { &mut words }) += 1;
            let what = if same_words { "place" } else { "words" };
            println!(
                "{what} {:?}\n  want {:?}\n  got  {:?}",
                expected[1],
                &expected[2..],
                &ours[2..]
            );
        }
        println!("{path}: {all} rows, {words} with other words, {places} with another place");
    }
}
