//! Decode, colour and picture: stills, contact sheets, proxies.
