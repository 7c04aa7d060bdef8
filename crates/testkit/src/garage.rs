//! Owns a Garage server (an S3 store) as a child process for tests. It is found, never installed, and never linked.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Why the store did not come up.
#[derive(Debug, thiserror::Error)]
pub enum GarageError {
    /// Not installed.
    #[error("garage is not installed; `./dev test` installs it, or set CHECKGATE_GARAGE to its path")]
    NotFound,
    /// A file could not be written.
    #[error("cannot prepare {}", path.display())]
    Prepare {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// It did not answer in time, or ended.
    #[error("garage did not come up; its log is {}", log.display())]
    NotUp {
        /// Its log.
        log: PathBuf,
    },
}

/// The binary: `CHECKGATE_GARAGE`, else in Cargo's folder of binaries, else on the path.
#[must_use]
pub fn find() -> Option<PathBuf> {
    if let Some(path) = std::env::var_os("CHECKGATE_GARAGE") {
        return Some(PathBuf::from(path)).filter(|path| path.is_file());
    }
    let cargo_home = std::env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cargo")));
    let in_cargo = cargo_home.map(|home| home.join("bin").join("garage"));
    let on_path = std::env::var_os("PATH")
        .map(|path| std::env::split_paths(&path).map(|folder| folder.join("garage")).collect::<Vec<_>>())
        .unwrap_or_default();
    in_cargo.into_iter().chain(on_path).find(|path| path.is_file())
}

/// A running server; killed when dropped. Its data stays in the folder it was given.
pub struct Garage {
    program: PathBuf,
    folder: PathBuf,
    port: u16,
    rpc_port: u16,
    child: Child,
}

impl Garage {
    /// The one access key.
    pub const ACCESS_KEY: &'static str = "GK0123456789abcdef01234567";
    /// Its secret; a test's, not a user's.
    pub const SECRET_KEY: &'static str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    /// The one bucket.
    pub const BUCKET: &'static str = "ingest";
    /// Region for signatures.
    pub const REGION: &'static str = "garage";

    /// Starts a single-node store with its data below `folder`.
    pub fn start(folder: &Path) -> Result<Self, GarageError> {
        let program = find().ok_or(GarageError::NotFound)?;
        let prepare = |path: &Path| {
            let path = path.to_owned();
            move |source| GarageError::Prepare { path, source }
        };
        std::fs::create_dir_all(folder).map_err(prepare(folder))?;
        let (port, rpc_port) = free_ports().map_err(prepare(folder))?;
        let configuration = format!(
            "metadata_dir = {meta:?}\ndata_dir = {data:?}\ndb_engine = \"sqlite\"\nreplication_factor = 1\n\
             rpc_bind_addr = \"127.0.0.1:{rpc_port}\"\nrpc_public_addr = \"127.0.0.1:{rpc_port}\"\nrpc_secret = \"{secret}\"\n\n\
             [s3_api]\ns3_region = \"{region}\"\napi_bind_addr = \"127.0.0.1:{port}\"\n",
            meta = folder.join("meta"),
            data = folder.join("data"),
            secret = "ab".repeat(32),
            region = Self::REGION,
        );
        let file = folder.join("garage.toml");
        std::fs::write(&file, configuration).map_err(prepare(&file))?;
        let child = launch(&program, folder, port)?;
        Ok(Self { program, folder: folder.to_owned(), port, rpc_port, child })
    }

    /// Base URL of the S3 interface.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Address of the S3 interface, for a proxy.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port))
    }

    /// Ends the server as a power cut would.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Starts it again on the same ports and data.
    pub fn restart(&mut self) -> Result<(), GarageError> {
        self.kill();
        debug_assert_ne!(self.port, self.rpc_port);
        self.child = launch(&self.program, &self.folder, self.port)?;
        Ok(())
    }
}

impl Drop for Garage {
    fn drop(&mut self) {
        self.kill();
    }
}

fn free_ports() -> std::io::Result<(u16, u16)> {
    let (first, second) = (TcpListener::bind(("127.0.0.1", 0))?, TcpListener::bind(("127.0.0.1", 0))?);
    Ok((first.local_addr()?.port(), second.local_addr()?.port()))
}

fn launch(program: &Path, folder: &Path, port: u16) -> Result<Child, GarageError> {
    let log = folder.join("garage.log");
    let prepare = |source| GarageError::Prepare { path: log.clone(), source };
    let out = std::fs::OpenOptions::new().create(true).append(true).open(&log).map_err(prepare)?;
    let err = out.try_clone().map_err(prepare)?;
    let mut child = Command::new(program)
        .arg("-c")
        .arg(folder.join("garage.toml"))
        .args(["server", "--single-node", "--default-bucket"])
        .env("GARAGE_DEFAULT_ACCESS_KEY", Garage::ACCESS_KEY)
        .env("GARAGE_DEFAULT_SECRET_KEY", Garage::SECRET_KEY)
        .env("GARAGE_DEFAULT_BUCKET", Garage::BUCKET)
        .stdin(Stdio::null())
        .stdout(out)
        .stderr(err)
        .spawn()
        .map_err(prepare)?;
    let until = Instant::now() + Duration::from_secs(30);
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    loop {
        if TcpStream::connect_timeout(&address, Duration::from_millis(200)).is_ok() {
            return Ok(child);
        }
        let ended = child.try_wait().is_ok_and(|status| status.is_some());
        if ended || Instant::now() > until {
            let _ = child.kill();
            let _ = child.wait();
            return Err(GarageError::NotUp { log });
        }
        // A server that is starting can only be polled.
        std::thread::sleep(Duration::from_millis(50));
    }
}
