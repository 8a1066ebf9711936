//! `limits demo`.

use std::fs;

use limits::StrategyName;

use super::program::{self, command, folder, limits};

#[test]
fn shows_the_strategies_side_by_side() {
    let folder = folder("shows_the_strategies_side_by_side");
    let output = command(&["demo"]).current_dir(&folder).output();
    let ran = program::Ran::from(output.expect("the program can be run"));
    let expected = "\
hits admitted by a limit of 10 per 10 second, in virtual time

time            what happens                    hits  fixed-window  fixed-window-elastic-expiry  moving-window  sliding-window-counter  gcra
0s to 8s        a calm start                       4             4                            4              4                       4     4
9s to 9.9s      a burst before the window ends     6             6                            6              6                       6     6
10.2s to 11.7s  a burst right after               10            10                            0              1                       2     6
13s to 25s      hammering                         24             9                            0             12                      13    13
36.5s to 38.3s  a burst after a quiet time        12            10                           10             10                      10    11
                in total                          56            39                           20             33                      35    40
                at most, in any 10s                             19                           10             10                      15    19

The same as a picture: limits-demo.svg";
    assert_eq!(ran.answer(0), expected);
    let svg = fs::read_to_string(folder.join("limits-demo.svg"));
    is_well_formed(&svg.expect("the picture is where it is said to be"));
}

#[test]
fn draws_the_same_picture_every_time() {
    let folder = folder("draws_the_same_picture_every_time");
    let draw = |name: &str| {
        let path = folder.join(name);
        let path = path.to_str().expect("the folder is named in UTF-8");
        let ran = limits(&["demo", "--svg", path]);
        assert!(ran.answer(0).ends_with(path), "{ran:?}");
        fs::read_to_string(path).expect("the picture is where it is said to be")
    };
    let picture = draw("one.svg");
    assert_eq!(picture, draw("two.svg"));
    for strategy in StrategyName::ALL {
        assert!(picture.contains(&format!("\n{strategy}\n")), "{strategy}");
    }
}

#[test]
fn the_picture_in_the_repository_is_the_one_it_draws() {
    let folder = folder("the_picture_in_the_repository_is_the_one_it_draws");
    let output = command(&["demo"]).current_dir(&folder).output();
    program::Ran::from(output.expect("the program can be run")).answer(0);
    let drawn = fs::read_to_string(folder.join("limits-demo.svg")).expect("a picture");
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../std-adapters/cli/demo.svg");
    let kept = fs::read_to_string(path).expect("the repository has a picture");
    let advice = "draw it anew: limits demo --svg std-adapters/cli/demo.svg";
    assert!(kept == drawn, "{advice}");
}

#[test]
fn takes_any_limit_that_can_be_shown() {
    let folder = folder("takes_any_limit_that_can_be_shown");
    let path = folder.join("demo.svg");
    let path = path.to_str().expect("the folder is named in UTF-8");
    for limit in ["1/second", "3 per 7 minutes", "1000/day", "1/year"] {
        let ran = limits(&["demo", "--svg", path, "--json", "--limit", limit]);
        for line in ran.answer(0).lines() {
            let outcome = program::json(line);
            let (admitted, hits) = (outcome["admitted"].as_u64(), outcome["hits"].as_u64());
            assert!(admitted > Some(0) && admitted < hits, "{limit}: {line}");
        }
        is_well_formed(&fs::read_to_string(path).expect("a picture"));
    }
}

#[test]
fn only_the_moving_and_the_elastic_window_keep_every_interval() {
    let folder = folder("only_the_moving_and_the_elastic_window_keep_every_interval");
    let path = folder.join("demo.svg");
    let path = path.to_str().expect("the folder is named in UTF-8");
    let ran = limits(&["demo", "--svg", path, "--json", "--limit", "100/hour"]);
    let lines = ran.answer(0).lines();
    let most: Vec<u64> = lines
        .filter_map(|line| program::json(line)["most_in_any_period"].as_u64())
        .collect();
    let [fixed, elastic, moving, sliding, gcra] = most[..] else {
        panic!("{most:?}");
    };
    assert_eq!((elastic, moving), (100, 100));
    assert!(fixed > sliding && sliding > 100, "{most:?}");
    assert!((101..200).contains(&gcra), "{most:?}");
}

#[test]
fn says_what_it_cannot_show_or_write() {
    for limit in ["0/minute", "1001/minute", "1 per 2 years"] {
        let ran = limits(&["demo", "--limit", limit]);
        assert!(ran.error(2).contains("1 to 1000 units"), "{ran:?}");
    }
    let ran = limits(&["demo", "--svg", "/no/such/folder/demo.svg"]);
    assert!(ran.error(2).contains("/no/such/folder/demo.svg"), "{ran:?}");
}

/// Checks that every element that is opened is closed, and no text is taken for one.
fn is_well_formed(svg: &str) {
    let mut open = Vec::new();
    for piece in svg.split('<').skip(1) {
        let (tag, text) = piece.split_once('>').expect("a tag has an end");
        assert!(!text.contains('>'), "{text}");
        let name = tag.split([' ', '/']).find(|name| !name.is_empty());
        let name = name.expect("a tag has a name");
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name));
        } else if !tag.ends_with('/') {
            open.push(name);
        }
        assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
    }
    assert!(svg.starts_with("<svg ") && open.is_empty(), "{open:?}");
}
