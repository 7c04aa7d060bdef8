//! `checkgate search`: over everything that is known, by every part that people ask for.

use crate::support::{Answer, Stage, text};
use checkgate_testkit::{CardSize, ForgeOptions, forge_card};

fn names(answer: &Answer) -> Vec<&str> {
    answer.at("/clips").as_array().expect("clips").iter().map(|clip| clip["name"].as_str().unwrap()).collect()
}

#[test]
fn clips_are_found_by_reel_timecode_slate_camera_format_and_file() {
    let stage = Stage::new("search");
    let (card, _) = stage.card("card");
    let frames = stage.path("frames");
    let options = ForgeOptions { family: "blackmagic-dng".parse().unwrap(), size: CardSize::Small, ..ForgeOptions::default() };
    let forged = forge_card(&frames, &options).unwrap();
    for (card, to) in [(&card, "ssd1"), (&frames, "ssd2")] {
        stage.run(&["offload", text(card), "--to", text(&stage.folder(to)), "--no-previews"]).expect(0);
    }
    let every = stage.run(&["search", "--json"]).expect(0);
    let total = every.at("/total").as_u64().unwrap() as usize;
    assert!(total > 8, "{}", every.text);
    // Files of a sequence are found by any of its frames, though only the sequence is in the index.
    let sequence = forged.expected.clips.iter().find(|clip| clip.kind == "sequence").expect("a sequence");
    let frame = sequence.files.last().unwrap().rsplit('/').next().unwrap().to_owned();
    for (asked, wanted) in [
        (vec!["--reel", "a003", "--tc", "14:00-15:00"], vec!["A003C001_261123_R1JL", "A003C002_261123_R1JL", "S12AT03"]),
        (vec!["--tc", "14:23:07:11", "--camera", "A"], vec!["A003C001_261123_R1JL"]),
        (vec!["--tc", "14:23:07:12-14:23:07:13", "--model", "alexa 35"], vec!["A003C001_261123_R1JL"]),
        (vec!["tc:14:23:07:23", "--camera", "A"], vec![]),
        (vec!["--scene", "40", "--take", "02"], vec!["S40T02"]),
        (vec!["--scene", "12*"], vec!["S12AT03"]),
        (vec!["--codec", "prores 4444"], vec!["A003C002_261123_R1JL"]),
        (vec!["--file", "C0001.mp4"], vec!["C0001"]),
        (vec!["model:FX3"], vec!["C0001"]),
        (vec!["fx3", "16:47:05:00"], vec!["C0001"]),
        (vec!["--file", &frame], vec![sequence.name.as_str()]),
        (vec!["--model", "nothing like it"], vec![]),
        (vec!["100%"], vec![]),
    ] {
        let arguments: Vec<&str> = ["search", "--json"].into_iter().chain(asked.iter().copied()).collect();
        let answer = stage.run(&arguments);
        assert_eq!(answer.code, i32::from(wanted.is_empty()), "{asked:?}: {}", answer.text);
        let mut found = names(&answer);
        found.sort_unstable();
        let mut wanted = wanted;
        wanted.sort_unstable();
        assert_eq!(found, wanted, "{asked:?}");
    }
    for odd in [["--tc", "noon"], ["--squeeze", "wide"]] {
        let refused = stage.run(&["search", odd[0], odd[1]]).expect(2);
        assert!(refused.errors.contains("is no"), "{}", refused.errors);
    }
}
