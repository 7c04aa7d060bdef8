//! Owns the signature on the folder store's part URLs: HMAC-SHA-256 over everything the URL grants, with an end. Whoever holds a
//! URL may write these bytes to this part until then, and nothing else.

use checkgate_transfer::Crc64;
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

/// What one URL grants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PartGrant {
    pub(crate) upload: String,
    pub(crate) number: u32,
    pub(crate) terms: PartTerms,
}

/// The query of a part URL, without its signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PartTerms {
    /// Offset in the object.
    pub(crate) start: u64,
    /// Exact length.
    pub(crate) length: u64,
    /// Checksum the bytes must have.
    pub(crate) crc64: Crc64,
    /// End, in seconds since 1970.
    pub(crate) expires: i64,
}

/// The key that signs.
#[derive(Clone)]
pub(crate) struct SigningKey([u8; 32]);

impl SigningKey {
    pub(crate) const fn new(key: [u8; 32]) -> Self {
        Self(key)
    }

    fn mac(&self, grant: &PartGrant) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes keys of any length");
        let PartTerms { start, length, crc64, expires } = grant.terms;
        mac.update(format!("PUT\n{}\n{}\n{start}\n{length}\n{crc64}\n{expires}", grant.upload, grant.number).as_bytes());
        mac
    }

    pub(crate) fn sign(&self, grant: &PartGrant) -> String {
        crate::keys::hex(&self.mac(grant).finalize().into_bytes())
    }

    /// Compares in constant time.
    pub(crate) fn verify(&self, grant: &PartGrant, signature: &str) -> bool {
        let pairs = signature.as_bytes().chunks_exact(2);
        if signature.len() != 64 || !signature.is_ascii() {
            return false;
        }
        let bytes: Option<Vec<u8>> =
            pairs.map(|pair| std::str::from_utf8(pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok())).collect();
        bytes.is_some_and(|bytes| self.mac(grant).verify_slice(&bytes).is_ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changing_anything_a_url_grants_breaks_it() {
        let key = SigningKey::new([7; 32]);
        let grant = PartGrant {
            upload: "u".to_owned(),
            number: 1,
            terms: PartTerms { start: 0, length: 10, crc64: Crc64(5), expires: 100 },
        };
        let signature = key.sign(&grant);
        assert!(key.verify(&grant, &signature));
        let changed = [
            PartGrant { upload: "v".to_owned(), ..grant.clone() },
            PartGrant { number: 2, ..grant.clone() },
            PartGrant { terms: PartTerms { start: 1, ..grant.terms }, ..grant.clone() },
            PartGrant { terms: PartTerms { length: 11, ..grant.terms }, ..grant.clone() },
            PartGrant { terms: PartTerms { crc64: Crc64(6), ..grant.terms }, ..grant.clone() },
            PartGrant { terms: PartTerms { expires: 101, ..grant.terms }, ..grant.clone() },
        ];
        for other in changed {
            assert!(!key.verify(&other, &signature), "{other:?}");
        }
        assert!(!SigningKey::new([8; 32]).verify(&grant, &signature));
        for bad in ["", "zz", &signature[..62], &"é".repeat(32)] {
            assert!(!key.verify(&grant, bad));
        }
    }
}
