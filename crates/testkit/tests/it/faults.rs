//! Images, proxy and servers do what the tests that use them rely on.

use checkgate_testkit::{garage, image, proxy::Proxy};
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};

#[test]
fn a_byte_flipped_under_a_mounted_file_is_only_seen_by_a_new_read() {
    if !image::is_available() {
        eprintln!("SKIPPED: images cannot be mounted here");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut card =
        image::CardImage::create(&folder.path().join("a.img"), &folder.path().join("A003R1JL"), "A003R1JL", 32 << 20).unwrap();
    assert_eq!(std::fs::read_dir(card.mount_point()).unwrap().count(), 0, "a fresh card is empty");
    let path = card.mount_point().join("clip.mov");
    let content: Vec<u8> = (0..3_000_000u32).map(|i| ((i * 31) >> 3) as u8).collect();
    std::fs::write(&path, &content).unwrap();
    let before = std::fs::metadata(&path).unwrap().modified().unwrap();
    card.flip_under(&path, 2_222_222).unwrap();
    let after = std::fs::read(&path).unwrap();
    let different: Vec<usize> = (0..content.len()).filter(|at| after[*at] != content[*at]).collect();
    assert_eq!(different, [2_222_222]);
    assert_eq!(std::fs::metadata(&path).unwrap().modified().unwrap(), before);
    card.eject().unwrap();
    assert!(!path.exists());
    card.insert().unwrap();
    assert!(path.exists());
    card.set_read_only(true).unwrap();
    assert!(std::fs::write(card.mount_point().join("no"), b"x").is_err());
    let mount_point = card.mount_point().to_owned();
    drop(card);
    assert_eq!(std::fs::read_dir(mount_point).unwrap().count(), 0, "dropped means unmounted");
}

#[test]
fn a_byte_flipped_in_place_keeps_size_and_time() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("f");
    std::fs::write(&path, b"abcdef").unwrap();
    let before = std::fs::metadata(&path).unwrap().modified().unwrap();
    image::flip_in_place(&path, 2).unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), b"abbdef");
    assert_eq!(std::fs::metadata(&path).unwrap().modified().unwrap(), before);
}

/// Answers every byte with itself.
fn echo_server() -> std::net::SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || {
                let mut reader = stream.try_clone().unwrap();
                let mut writer = stream;
                let _ = std::io::copy(&mut reader, &mut writer);
            });
        }
    });
    address
}

#[test]
fn the_proxy_passes_cuts_and_refuses() {
    let proxy = Proxy::start(echo_server()).unwrap();
    let talk = |text: &[u8]| -> std::io::Result<Vec<u8>> {
        let mut stream = TcpStream::connect(proxy.address())?;
        stream.write_all(text)?;
        let mut answer = vec![0; text.len()];
        stream.read_exact(&mut answer)?;
        Ok(answer)
    };
    assert_eq!(talk(b"hello").unwrap(), b"hello");
    assert_eq!(proxy.sent_bytes(), 5);
    let mut open = TcpStream::connect(proxy.address()).unwrap();
    open.write_all(b"x").unwrap();
    open.read_exact(&mut [0]).unwrap();
    proxy.cut();
    assert!(!matches!(open.read(&mut [0]), Ok(read) if read > 0), "the open connection is gone");
    assert_eq!(talk(b"again").unwrap(), b"again", "new ones are let in");
    proxy.cut_after(8);
    assert!(talk(b"0123456").is_ok());
    assert!(talk(b"0123456").is_err(), "the budget is used up");
    assert!(talk(b"x").is_err(), "and stays so");
    proxy.set_refusing(false);
    assert_eq!(talk(b"back").unwrap(), b"back");
}

#[test]
fn the_store_starts_dies_and_comes_back() {
    if garage::find().is_none() {
        eprintln!("SKIPPED: garage is not installed");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut store = garage::Garage::start(folder.path()).unwrap();
    let status = |store: &garage::Garage| -> std::io::Result<String> {
        let mut stream = TcpStream::connect(store.address())?;
        stream.write_all(b"GET /ingest HTTP/1.0\r\nHost: localhost\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer.lines().next().unwrap_or_default().to_owned())
    };
    assert!(status(&store).unwrap().contains("403"), "it answers, and refuses who does not sign");
    store.kill();
    assert!(status(&store).is_err());
    store.restart().unwrap();
    assert!(status(&store).unwrap().contains("403"));
}
