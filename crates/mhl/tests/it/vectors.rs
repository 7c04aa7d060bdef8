use crate::support::{path, samples};
use checkgate_mhl::{directory_hashes, hash_bytes};
use checkgate_model::{HashFormat, HashValue, RelPath};

fn cells(line: &str) -> Vec<&str> {
    line.trim_matches('|').split('|').map(|cell| cell.trim_matches('`')).collect()
}

#[test]
fn hashes_equal_the_published_vectors() {
    let Some(file) = samples("mhl/vectors.md") else { return };
    let text = std::fs::read_to_string(file).unwrap();
    let mut checked = 0;
    for line in text.lines().filter(|line| line.starts_with("|'")) {
        let cells = cells(line);
        let input = cells[0].split('\'').nth(1).unwrap();
        let format: HashFormat = cells[1].parse().unwrap();
        let value = hash_bytes(format, input.as_bytes());
        assert_eq!(value.to_text(), cells[2], "{line}");
        assert_eq!(HashValue::parse(format, cells[2]).unwrap(), value, "{line}");
        checked += 1;
    }
    assert_eq!(checked, 22, "rows of the table");
}

#[test]
fn directory_hashes_equal_the_published_vectors() {
    let Some(file) = samples("mhl/vectors.md") else { return };
    let text = std::fs::read_to_string(file).unwrap();
    let tree: [(&str, &[u8]); 6] = [
        ("Clips/A002C006_141024_R2EC.mov", b"abcd\n"),
        ("Clips/A002C007_141024_R2EC.mov", b"def\n"),
        ("Clips/dup.mov", b"def\n"),
        ("Köln/ß.txt", b"x"),
        ("Sidecar.txt", b"BLOREM ipsum dolor sit amet, consetetur sadipscing elitr.\n"),
        ("zero", b""),
    ];
    let mut checked = 0;
    for format in HashFormat::ALL {
        let files: Vec<(RelPath, HashValue)> = tree.iter().map(|(name, bytes)| (path(name), hash_bytes(format, bytes))).collect();
        let empty = path("Empty/Nested");
        let hashes = directory_hashes(format, files.iter().map(|(path, value)| (path, value)), [&empty]);
        for line in text.lines().filter(|line| line.starts_with(&format!("|{format}|")) && !line.starts_with("|'")) {
            let cells = cells(line);
            let found = if cells[1] == "." { &hashes.root } else { &hashes.folders[&path(cells[1])] };
            assert_eq!((found.content.to_text().as_str(), found.structure.to_text().as_str()), (cells[2], cells[3]), "{line}");
            checked += 1;
        }
    }
    assert_eq!(checked, 30, "rows of the table");
}
