//! Owns a small WebDriver client over a plain socket: enough to drive WebKitWebDriver, with no HTTP stack. Must never be used
//! against anything but this machine.

use anyhow::{Context, bail, ensure};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A display that nobody sees.
pub(crate) struct Display {
    server: Child,
    /// Name for `DISPLAY`.
    pub(crate) name: String,
}

impl Display {
    /// Starts Xvfb on a free display.
    pub(crate) fn start() -> anyhow::Result<Self> {
        let mut server = Command::new("Xvfb")
            .args(["-displayfd", "1", "-screen", "0", "1600x1000x24", "-nolisten", "tcp"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("Xvfb")?;
        let mut number = String::new();
        BufReader::new(server.stdout.take().context("Xvfb has an output")?).read_line(&mut number)?;
        ensure!(!number.trim().is_empty(), "Xvfb did not start");
        Ok(Self { server, name: format!(":{}", number.trim()) })
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        end(&mut self.server);
    }
}

/// A running WebKitWebDriver.
pub(crate) struct Driver {
    process: Child,
    port: u16,
}

impl Driver {
    /// Starts the driver; programs that it starts inherit `environment`.
    pub(crate) fn start(environment: &[(&str, &str)]) -> anyhow::Result<Self> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let mut command = Command::new("WebKitWebDriver");
        command
            .args([format!("--port={port}"), "--host=127.0.0.1".to_owned()])
            .envs(environment.iter().copied())
            .stdout(Stdio::null());
        let driver = Self { process: command.spawn().context("WebKitWebDriver")?, port };
        let patience = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            ensure!(patience.elapsed() < Duration::from_secs(20), "WebKitWebDriver does not listen");
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(driver)
    }

    /// Starts the program and takes hold of its window.
    pub(crate) fn open(&self, program: &Path) -> anyhow::Result<Window<'_>> {
        let options = json!({ "binary": program, "args": [] });
        let answer =
            self.ask("POST", "/session", &json!({ "capabilities": { "alwaysMatch": { "webkitgtk:browserOptions": options } } }))?;
        let session = answer["sessionId"].as_str().context("a session")?.to_owned();
        let window = Window { driver: self, session };
        window.ask("POST", "/timeouts", &json!({ "script": 120_000 }))?;
        Ok(window)
    }

    /// Kills whatever program the driver has started, as a power cut would.
    pub(crate) fn kill_program(&self) -> anyhow::Result<()> {
        let children = std::fs::read_to_string(format!("/proc/{0}/task/{0}/children", self.process.id()))?;
        let mut killed = 0;
        for child in children.split_whitespace() {
            killed += u32::from(Command::new("kill").args(["-KILL", child]).status()?.success());
        }
        ensure!(killed > 0, "no program is running");
        Ok(())
    }

    fn ask(&self, method: &str, path: &str, body: &Value) -> anyhow::Result<Value> {
        let mut socket = TcpStream::connect(("127.0.0.1", self.port))?;
        socket.set_read_timeout(Some(Duration::from_secs(180)))?;
        let body = if method == "POST" { body.to_string() } else { String::new() };
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        socket.write_all(head.as_bytes())?;
        socket.write_all(body.as_bytes())?;
        let mut reader = BufReader::new(socket);
        let mut length = 0;
        loop {
            let mut line = String::new();
            ensure!(reader.read_line(&mut line)? > 0, "the driver hung up");
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse()?;
            }
            if line.trim().is_empty() {
                break;
            }
        }
        let mut text = vec![0; length];
        reader.read_exact(&mut text)?;
        let answer: Value = serde_json::from_slice(&text)?;
        let value = answer["value"].clone();
        if let Some(error) = value.get("error").and_then(Value::as_str) {
            bail!("{method} {path}: {error}: {}", value["message"].as_str().unwrap_or_default());
        }
        Ok(value)
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        end(&mut self.process);
    }
}

/// The window of the program.
pub(crate) struct Window<'a> {
    driver: &'a Driver,
    session: String,
}

impl Window<'_> {
    fn ask(&self, method: &str, path: &str, body: &Value) -> anyhow::Result<Value> {
        self.driver.ask(method, &format!("/session/{}{path}", self.session), body)
    }

    /// Value of a script.
    pub(crate) fn run(&self, script: &str) -> anyhow::Result<Value> {
        self.ask("POST", "/execute/sync", &json!({ "script": script, "args": [] }))
    }

    /// Value of a script that answers by `done(value)`.
    pub(crate) fn run_until_done(&self, script: &str) -> anyhow::Result<Value> {
        let script = format!("const done = arguments[arguments.length - 1]; {script}");
        self.ask("POST", "/execute/async", &json!({ "script": script, "args": [] }))
    }

    /// Waits in the page until an expression is true.
    pub(crate) fn wait(&self, what: &str, expression: &str) -> anyhow::Result<()> {
        let script = format!(
            "const begin = performance.now(); const look = () => {{ let found = false; try {{ found = Boolean({expression}) }} catch {{}} \
             if (found) done(true); else if (performance.now() - begin > 90000) done(false); else setTimeout(look, 50) }}; look()"
        );
        if self.run_until_done(&script)? != json!(true) {
            bail!("waited for: {what}\nthe window says:\n{}", self.text("document.body")?);
        }
        Ok(())
    }

    /// Text of an element given by an expression.
    pub(crate) fn text(&self, element: &str) -> anyhow::Result<String> {
        Ok(self.run(&format!("return ({element})?.innerText ?? ''"))?.as_str().unwrap_or_default().to_owned())
    }

    /// Presses keys one after the other.
    pub(crate) fn press(&self, keys: &str) -> anyhow::Result<()> {
        let strokes: Vec<Value> = keys
            .chars()
            .flat_map(|key| [json!({ "type": "keyDown", "value": key }), json!({ "type": "keyUp", "value": key })])
            .collect();
        self.ask("POST", "/actions", &json!({ "actions": [{ "type": "key", "id": "keyboard", "actions": strokes }] })).map(drop)
    }

    /// Writes what the window shows to a PNG.
    pub(crate) fn picture(&self, path: &Path) -> anyhow::Result<()> {
        let text = self.ask("GET", "/screenshot", &Value::Null)?;
        std::fs::write(path, base64(text.as_str().context("a picture")?))?;
        Ok(())
    }

    /// Closes the window the way a person does, through the driver.
    pub(crate) fn close(self) -> anyhow::Result<()> {
        self.ask("DELETE", "", &Value::Null).map(drop)
    }
}

fn end(process: &mut Child) {
    if let Err(error) = process.kill().and_then(|()| process.wait().map(drop)) {
        eprintln!("a helper process did not end: {error}");
    }
}

fn base64(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut held) = (0_u32, 0);
    for digit in text.bytes() {
        let value = match digit {
            b'A'..=b'Z' => digit - b'A',
            b'a'..=b'z' => digit - b'a' + 26,
            b'0'..=b'9' => digit - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => continue,
        };
        bits = bits << 6 | u32::from(value);
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held & 0xff) as u8);
        }
    }
    bytes
}

#[test]
fn pictures_arrive_byte_for_byte() {
    assert_eq!(base64("aGVsbG8="), b"hello");
    assert_eq!(base64("iVBORw0K"), [0x89, b'P', b'N', b'G', 13, 10]);
}
