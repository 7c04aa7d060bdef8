//! Owns who may use the API: bearer tokens by tenant, kept only as digests in memory, and the file they come from.

use crate::keys::{Tenant, hex};
use sha2::{Digest, Sha256};
use std::io::Write;
use std::path::{Path, PathBuf};

/// Why the tokens cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The file cannot be read or written.
    #[error("cannot {act} {path}", path = path.display())]
    File {
        /// What was tried.
        act: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A line is not `tenant token`.
    #[error("{path}, line {line}: not a tenant and a token of at least 32 characters", path = path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
    },
    /// There is not a single token.
    #[error("{path} holds no token", path = path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
}

/// The tokens that open the API.
#[derive(Default)]
pub struct Tokens(Vec<(Tenant, [u8; 32])>);

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Tokens({})", self.0.len())
    }
}

impl Tokens {
    /// One token of one tenant.
    #[must_use]
    pub fn single(tenant: Tenant, token: &str) -> Self {
        Self(vec![(tenant, Sha256::digest(token.as_bytes()).into())])
    }

    /// From a file of lines `tenant token`; `#` begins a remark.
    pub fn read(path: &Path) -> Result<Self, TokenError> {
        let file = |source| TokenError::File { act: "read", path: path.to_path_buf(), source };
        let text = std::fs::read_to_string(path).map_err(file)?;
        let mut tokens = Vec::new();
        for (number, line) in text.lines().enumerate() {
            let line = line.split('#').next().unwrap_or_default().trim();
            if line.is_empty() {
                continue;
            }
            let bad = || TokenError::Line { path: path.to_path_buf(), line: number + 1 };
            let (tenant, token) = line.split_once(char::is_whitespace).ok_or_else(bad)?;
            let token = token.trim();
            if token.len() < 32 {
                return Err(bad());
            }
            tokens.push((Tenant::new(tenant).map_err(|_| bad())?, Sha256::digest(token.as_bytes()).into()));
        }
        if tokens.is_empty() { Err(TokenError::Empty { path: path.to_path_buf() }) } else { Ok(Self(tokens)) }
    }

    /// Whose token it is. Digests are compared whole, so that the time taken says nothing.
    pub(crate) fn tenant_of(&self, token: &str) -> Option<Tenant> {
        let digest: [u8; 32] = Sha256::digest(token.as_bytes()).into();
        let mut found = None;
        for (tenant, known) in &self.0 {
            let differs = digest.iter().zip(known).fold(0u8, |differs, (a, b)| differs | (a ^ b));
            if differs == 0 {
                found = Some(tenant.clone());
            }
        }
        found
    }
}

/// 32 random bytes kept in a file that only its owner can read; made at the first call.
pub(crate) fn secret_in(path: &Path) -> Result<[u8; 32], TokenError> {
    let failed = |act: &'static str| move |source| TokenError::File { act, path: path.to_path_buf(), source };
    match std::fs::read_to_string(path) {
        Ok(text) => {
            let text = text.trim();
            let bytes: Option<Vec<u8>> = (text.len() == 64 && text.is_ascii())
                .then(|| (0..32).map(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).ok()).collect())
                .flatten();
            let damaged = || failed("use")(std::io::Error::new(std::io::ErrorKind::InvalidData, "not 64 hex digits"));
            bytes.and_then(|bytes| bytes.try_into().ok()).ok_or_else(damaged)
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let mut secret = [0u8; 32];
            secret[..16].copy_from_slice(uuid::Uuid::new_v4().as_bytes());
            secret[16..].copy_from_slice(uuid::Uuid::new_v4().as_bytes());
            // A version 4 UUID fixes 6 of its bits; hashing spreads what is left, 244 random bits.
            let secret: [u8; 32] = Sha256::digest(secret).into();
            let mut options = std::fs::OpenOptions::new();
            options.write(true).create_new(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            let mut file = options.open(path).map_err(failed("make"))?;
            file.write_all(hex(&secret).as_bytes()).and_then(|()| file.sync_all()).map_err(failed("write"))?;
            Ok(secret)
        }
        Err(error) => Err(failed("read")(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_token_opens_its_own_tenant() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = folder.path().join("tokens");
        let (one, two) = ("a".repeat(32), "b".repeat(40));
        std::fs::write(&path, format!("# who\nfirst {one}\nsecond {two} # remark\n")).expect("writes");
        let tokens = Tokens::read(&path).expect("reads");
        assert_eq!(tokens.tenant_of(&one).expect("known").as_str(), "first");
        assert_eq!(tokens.tenant_of(&two).expect("known").as_str(), "second");
        for bad in ["", &one[1..], &format!("{one}a")] {
            assert!(tokens.tenant_of(bad).is_none(), "{bad:?}");
        }
        std::fs::write(&path, "first short\n").expect("writes");
        assert!(matches!(Tokens::read(&path), Err(TokenError::Line { line: 1, .. })));
    }

    #[test]
    fn a_secret_stays_the_same_and_is_private() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = folder.path().join("secret");
        let first = secret_in(&path).expect("makes");
        assert_eq!(secret_in(&path).expect("reads"), first);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
        }
        std::fs::write(&path, "zz").expect("writes");
        assert!(secret_in(&path).is_err());
    }
}
