//! Owns the telemetry DJI writes as subtitles: one cue a frame or a second, in the spellings of several generations. Reads names with
//! their values; a name it does not know is passed over.

/// Most cues of one file; the changes behind them are not followed.
const MAX_CUES: usize = 200_000;

/// One cue: the number of its frame where it carries one, and what it says.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Cue {
    pub(crate) frame: Option<u32>,
    pub(crate) date: Option<String>,
    pub(crate) iso: Option<String>,
    /// `1/8000.0`, or the bare denominator of older ones.
    pub(crate) shutter: Option<String>,
    pub(crate) f_number: Option<String>,
    pub(crate) kelvin: Option<String>,
    pub(crate) colour: Option<String>,
    pub(crate) focal_length: Option<String>,
    /// Latitude, longitude, altitude above sea level.
    pub(crate) place: Option<(f64, f64, Option<f64>)>,
}

/// The cues of a file; none where it is no such telemetry.
pub(crate) fn cues(text: &str) -> Vec<Cue> {
    let mut found = Vec::new();
    let mut cue: Option<String> = None;
    for line in text.lines().chain([""]) {
        if line.contains("-->") {
            if let Some(words) = cue.replace(String::new()) {
                push(&mut found, &words);
            }
        } else if let Some(words) = &mut cue
            && words.len() + line.len() < 4096
        {
            words.push_str(line.trim());
            words.push('\n');
        }
        if found.len() >= MAX_CUES {
            return found;
        }
    }
    if let Some(words) = cue {
        push(&mut found, &words);
    }
    found
}

fn push(found: &mut Vec<Cue>, words: &str) {
    let cue = read(words);
    if cue.iso.is_some() || cue.shutter.is_some() || cue.f_number.is_some() || cue.place.is_some() {
        found.push(cue);
    }
}

fn read(words: &str) -> Cue {
    let plain = without_tags(words);
    let mut cue = Cue::default();
    let (mut latitude, mut longitude, mut altitude) = (None, None, None);
    let words = plain.split(['[', ']', '\n', ' ', ',']);
    for part in words.chain(brackets(&plain)).chain(plain.split(['\n', ','])) {
        // `iso: 220`, `iso : 100`, `ISO:100`, and two of one bracket (`rel_alt: -2.400 abs_alt: 0.401`) by their pieces.
        let Some((name, value)) = part.split_once(':') else { continue };
        let (name, value) = (name.trim().to_ascii_lowercase(), value.trim());
        let number = || value.split_whitespace().next().and_then(|word| word.parse::<f64>().ok()).filter(|n| n.is_finite());
        let text = || (!value.is_empty() && value.len() < 64).then(|| value.to_owned());
        match name.as_str() {
            "iso" => cue.iso = cue.iso.or_else(text),
            "shutter" | "ss" => cue.shutter = cue.shutter.or_else(text),
            "fnum" => cue.f_number = cue.f_number.or_else(text),
            "ct" => cue.kelvin = cue.kelvin.or_else(text),
            "color_md" => cue.colour = cue.colour.or_else(text),
            "focal_len" => cue.focal_length = cue.focal_length.or_else(text),
            "latitude" => latitude = latitude.or_else(number),
            // One generation misspells it.
            "longitude" | "longtitude" => longitude = longitude.or_else(number),
            "altitude" | "abs_alt" => altitude = altitude.or_else(number),
            "framecnt" | "srtcnt" => {
                cue.frame = cue.frame.or_else(|| number().filter(|n| *n >= 1.0 && *n < 4e9).map(|n| n as u32))
            }
            _ => {}
        }
        if let Some(at) = value.find("abs_alt:") {
            altitude = altitude.or_else(|| value[at + 8..].trim().parse().ok().filter(|n: &f64| n.is_finite()));
        }
    }
    // `F/2.8, SS 80.04, ISO 100, EV 0, GPS (…)`: names and values with a blank between.
    for part in plain.split([',', '\n']).map(str::trim) {
        let value = |name: &str| {
            let rest = part.strip_prefix(name)?.trim();
            let plain = !rest.is_empty() && rest.len() < 64 && rest.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
            plain.then(|| rest.to_owned())
        };
        cue.f_number =
            cue.f_number.or_else(|| value("F/").map(|number| if number.contains('.') { number } else { number + ".0" }));
        cue.shutter = cue.shutter.or_else(|| value("SS "));
        cue.iso = cue.iso.or_else(|| value("ISO "));
        cue.kelvin = cue.kelvin.or_else(|| value("CT "));
    }
    cue.place = match (latitude, longitude) {
        (Some(latitude), Some(longitude)) => Some((latitude, longitude, altitude)),
        _ => older_place(&plain),
    }
    .filter(|(latitude, longitude, _)| latitude.abs() <= 90.0 && longitude.abs() <= 180.0);
    cue.date = plain.split_whitespace().zip(plain.split_whitespace().skip(1)).find_map(|(day, clock)| {
        let looks = day.len() == 10 && day.as_bytes()[..4].iter().all(u8::is_ascii_digit) && clock.contains(':');
        looks.then(|| format!("{day} {clock}"))
    });
    cue
}

/// What stands in brackets, whole: names with a blank before the colon lie there.
fn brackets(text: &str) -> impl Iterator<Item = &str> {
    text.split('[').skip(1).filter_map(|part| part.split(']').next())
}

/// `GPS(149.0251,-20.2533,16)`: longitude first, then latitude; the third number counts satellites and is no altitude.
fn older_place(text: &str) -> Option<(f64, f64, Option<f64>)> {
    let rest = &text[text.find("GPS")? + 3..];
    let inside = rest.trim_start().strip_prefix('(')?.split(')').next()?;
    let numbers: Vec<f64> = inside.split(',').take(3).filter_map(|n| n.trim().parse().ok()).collect();
    (numbers.len() >= 2).then(|| (numbers[1], numbers[0], None))
}

fn without_tags(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut depth = 0usize;
    for c in text.chars() {
        match c {
            '<' => depth += 1,
            '>' => depth = depth.saturating_sub(1),
            _ if depth == 0 => plain.push(c),
            _ => {}
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_generations_are_read() {
        let new = "1\n00:00:00,000 --> 00:00:00,020\n<font size=\"28\">FrameCnt: 1, DiffTime: 20ms\n2021-12-25 12:27:52.373\n[iso: 220] \
                   [shutter: 1/8000.0] [fnum: 3.2] [ct: 5115] [focal_len: 24.00] [latitude: 3.5] [longitude: -3.25] \
                   [rel_alt: -2.400 abs_alt: 0.401] </font>\n";
        let cue = &cues(new)[0];
        assert_eq!((cue.frame, cue.iso.as_deref(), cue.shutter.as_deref()), (Some(1), Some("220"), Some("1/8000.0")));
        assert_eq!((cue.date.as_deref(), cue.place), (Some("2021-12-25 12:27:52.373"), Some((3.5, -3.25, Some(0.401)))));
        let spaced =
            "1\n00:00:00,000 --> 00:00:00,033\n[iso : 100] [fnum : 280] [focal_len : 240] [latitude: 41.4] [longtitude: 2.2]\n";
        let cue = &cues(spaced)[0];
        assert_eq!((cue.iso.as_deref(), cue.f_number.as_deref()), (Some("100"), Some("280")));
        assert_eq!(cue.place, Some((41.4, 2.2, None)));
        let old = "1\n00:00:01,000 --> 00:00:02,000\nHOME(149.0251,-20.2532) 2017.08.05 14:11:51\nGPS(149.0251,-20.2533,16) BAROMETER:1.9\n\
                   ISO:100 Shutter:60 EV: Fnum:2.2\n";
        let cue = &cues(old)[0];
        assert_eq!((cue.iso.as_deref(), cue.shutter.as_deref(), cue.f_number.as_deref()), (Some("100"), Some("60"), Some("2.2")));
        assert_eq!((cue.place, cue.date.as_deref()), (Some((-20.2533, 149.0251, None)), Some("2017.08.05 14:11:51")));
        let blank = "1\n00:00:00,000 --> 00:00:00,033\nF/2.8, SS 80.04, ISO 100, EV 0, DZOOM 1.000, GPS (-3.3699, 38.8963, 17), D 0.12m, H 1.20m\n";
        let cue = &cues(blank)[0];
        assert_eq!(
            (cue.iso.as_deref(), cue.shutter.as_deref(), cue.f_number.as_deref()),
            (Some("100"), Some("80.04"), Some("2.8"))
        );
        assert_eq!(cue.place, Some((38.8963, -3.3699, None)));
        assert!(cues("1\n00:00:00,000 --> 00:00:01,000\nA spoken line: yes.\n").is_empty());
    }
}
