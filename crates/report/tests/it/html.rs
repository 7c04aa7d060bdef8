use crate::sample::{HOSTILE, broken, document, whole};
use checkgate_report::html;

#[test]
fn hostile_names_are_text_and_nothing_else() {
    let mut drive = broken();
    drive.path = HOSTILE[1].to_owned();
    drive.summary = HOSTILE[0].to_owned();
    drive.basis[0].author = Some(HOSTILE[8].to_owned());
    let mut document = document(vec![drive]);
    document.title = HOSTILE[8].to_owned();
    document.tool = HOSTILE[1].to_owned();
    let page = html(&document);
    for markup in ["<script", "<img", "onerror='", "\"1\")", "]]>", "-->"] {
        assert!(!page.contains(markup), "{markup}");
    }
    assert_eq!(page.matches("</style>").count(), 1);
    assert_eq!(page.matches("</title>").count(), 1);
    for shown in [
        "A001/&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;.mov",
        "A001/&quot;&gt;&lt;img src=x onerror=&#39;x&#39;&gt;&amp;amp;.mov",
        "A001/line<span class=\"code\">\\u{a}</span>break<span class=\"code\">\\u{d}</span>",
        "A001/<span class=\"code\">\\u{202e}</span>vom.exe",
        "A001/tail .mov<span class=\"code\">\\u{20}</span>",
        "A001/<span class=\"code\">\\u{5c}</span>u{202e}.mov",
        "A001/漢字 🎬 שלום.mov",
    ] {
        assert!(page.contains(shown), "{shown}");
    }
    let hidden =
        |character: &char| (character.is_control() && *character != '\n') || ('\u{202a}'..='\u{202e}').contains(character);
    assert_eq!(page.chars().find(hidden), None);
}

#[test]
fn needs_nothing_beside_it_and_runs_nothing() {
    let page = html(&document(vec![whole(), whole()]));
    for outside in ["http:", "https:", "src=", "url(", "@import", "<script", "<link", "<iframe", "javascript:"] {
        assert!(!page.contains(outside), "{outside}");
    }
    assert!(page.contains("default-src 'none'"));
    assert!(page.contains("<html lang=\"en\">") && page.contains("scope=\"col\"") && page.contains("scope=\"row\""));
}

#[test]
fn elements_are_closed_in_order() {
    let page = html(&document(vec![whole(), broken()]));
    let body = &page[page.find("<body>").unwrap()..];
    let mut open = Vec::new();
    for tag in body.split('<').skip(1) {
        let name: String = tag.chars().take_while(|character| character.is_ascii_alphanumeric() || *character == '/').collect();
        match name.strip_prefix('/') {
            Some("html") => {}
            Some(closing) => assert_eq!(open.pop().as_deref(), Some(closing)),
            None if tag.contains("/>") => {}
            None => open.push(name),
        }
    }
    assert!(open.is_empty(), "{open:?}");
}

#[test]
fn every_list_is_complete_and_empty_ones_say_none() {
    let mut drive = whole();
    drive.missing = (0..2_000).map(|number| format!("A001/file_{number:05}.mov")).collect();
    drive.counts.missing = 2_000;
    let page = html(&document(vec![drive]));
    for number in 0..2_000 {
        assert!(page.contains(&format!("A001/file_{number:05}.mov</th>")), "{number}");
    }
    assert_eq!(page.matches("<p>None</p>").count(), 7);
    assert_eq!(page.matches("class=\"figure zero\"").count(), 7);
}
