//! Encryption: the client side of TLS from files.
