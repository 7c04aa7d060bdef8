//! Owns seeded random trees with names and sizes that are hard, and their way through both tools, back and forth.

use crate::manifest::generation;
use crate::support::{FORMATS, Stage, assert_valid, copy, create, files, mhl, put, reference};
use std::path::Path;

/// Random numbers that are the same for the same seed.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).unwrap()
    }

    /// A name that every tool can carry, often an awkward one.
    pub(crate) fn name(&mut self) -> &'static str {
        const NAMES: [&str; 26] = [
            "Clips",
            "A003C001_240201_R1JL.mov",
            "Köln",
            "Ko\u{308}ln",
            " blank ",
            "a&b<c>",
            "it's \"q\"",
            "日本語",
            "😀",
            "#a",
            "!b",
            "-v",
            "dot.",
            "x;y",
            "..a",
            "...",
            "a\\b",
            "a:b",
            "%41",
            "[x]",
            "*",
            "?",
            "$HOME",
            "tab\there",
            "]]>",
            "ﬁ",
        ];
        NAMES[self.below(NAMES.len())]
    }

    pub(crate) fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length.div_ceil(6)).flat_map(|_| self.next().to_le_bytes()[..6].to_vec()).take(length).collect()
    }
}

/// A tree for a seed: about 12 folders, some empty, and 30 files, some equal.
pub(crate) fn grow(root: &Path, seed: u64) {
    const SIZES: [usize; 12] = [0, 1, 2, 240, 241, 1024, 4095, 4096, 4097, 65_536, 1 << 20, 17];
    let mut dice = Dice::new(seed);
    let mut folders = vec![String::new()];
    put(root, "Empty/", "");
    for _ in 0..12 {
        let folder = format!("{}{}/", folders[dice.below(folders.len())], dice.name());
        put(root, &folder, "");
        if !folders.contains(&folder) {
            folders.push(folder);
        }
    }
    for number in 0..30 {
        let path = format!("{}{}_{number}", folders[dice.below(folders.len())], dice.name());
        let size = SIZES[number % SIZES.len()];
        let content = if number % 5 == 0 { vec![7; size] } else { dice.bytes(size) };
        put(root, &path, content);
    }
    put(root, ".DS_Store", "finder");
    put(root, "._hidden", "apple");
}

/// Ours, reference, ours, reference; then a copy goes the other way round.
fn there_and_back(format: &str, seed: u64) {
    let Some(mut reference) = reference() else { return };
    let stage = Stage::new();
    let ours = stage.tree("ours", &[]);
    grow(&ours, seed);
    let theirs = copy(&ours, &stage.path("theirs"));
    let options = format!("-h {format}");
    create(&ours, &options);
    reference.expect(0, "create", &theirs, &options);
    assert_eq!(generation(&ours, 1).comparable(), generation(&theirs, 1).comparable(), "seed {seed}");
    for (root, first) in [(&ours, true), (&theirs, false)] {
        for turn in 0..3 {
            if (turn % 2 == 0) == first {
                reference.expect(0, "create", root, &options);
            } else {
                create(root, &options);
            }
        }
        let first = generation(root, 1);
        assert_eq!(first.files.len(), files(root).len() - 1, "all but .DS_Store");
        for number in 2..=4 {
            let later = generation(root, number);
            assert_eq!(later.actions(), ["verified"].into(), "seed {seed}");
            assert_eq!((&later.root, &later.folders), (&first.root, &first.folders), "seed {seed}");
            let digests = |manifest: &crate::manifest::Manifest| {
                manifest.files.iter().map(|(path, file)| (path.clone(), file.hashes[format].1.clone())).collect::<Vec<_>>()
            };
            assert_eq!(digests(&first), digests(&later));
        }
        assert_valid(root);
        reference.expect(0, "verify", root, "");
        reference.expect(0, "verify", root, "-dh");
        mhl("verify", root, "").expect(0);
        mhl("verify", root, "-dh").expect(0);
        mhl("diff", root, "").expect(0);
    }
}

macro_rules! seeds {
    ($($name:ident: $format:literal $seed:literal;)*) => {$(
        #[test]
        fn $name() {
            there_and_back($format, $seed);
        }
    )*};
}

seeds! {
    a_random_tree_goes_there_and_back_in_c4: "c4" 101;
    a_random_tree_goes_there_and_back_in_md5: "md5" 102;
    a_random_tree_goes_there_and_back_in_sha1: "sha1" 103;
    a_random_tree_goes_there_and_back_in_xxh128: "xxh128" 104;
    a_random_tree_goes_there_and_back_in_xxh3: "xxh3" 105;
    a_random_tree_goes_there_and_back_in_xxh64: "xxh64" 106;
}

#[test]
#[ignore = "soak: 60 trees, about a minute"]
fn sixty_more_random_trees_go_there_and_back() {
    for seed in 1000..1060 {
        there_and_back(FORMATS[usize::try_from(seed).unwrap() % FORMATS.len()], seed);
    }
}

/// Formats that change from generation to generation, in both tools alternately.
#[test]
fn a_random_tree_collects_all_formats_on_the_way() {
    let Some(mut reference) = reference() else { return };
    let stage = Stage::new();
    let root = stage.tree("card", &[]);
    grow(&root, 107);
    for (turn, format) in FORMATS.iter().enumerate() {
        let options = format!("-h {format}");
        if turn % 2 == 0 {
            create(&root, &options);
        } else {
            reference.expect(0, "create", &root, &options);
        }
        let newest = generation(&root, u32::try_from(turn).unwrap() + 1);
        assert!(newest.files.values().all(|file| file.hashes.contains_key(*format)), "{format}");
        assert_eq!(newest.actions(), [if turn == 0 { "original" } else { "verified" }].into());
    }
    assert_valid(&root);
    reference.expect(0, "verify", &root, "");
    mhl("verify", &root, "--all-formats").expect(0);
    mhl("verify", &root, "").expect(0);
    // What a format added later says is checked too.
    let all: Vec<String> = files(&root).into_iter().filter(|name| name.contains("_10") || name.contains("_11")).collect();
    assert!(all.len() >= 2);
    put(&root, &all[0], "another content");
    mhl("verify", &root, "--all-formats").expect(11).says(&all[0]);
}
