//! How a server of a test's own is started.

/// How a server of a test's own is started.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Whether commits are on the disk when they are answered, as they must be for tests that kill the server.
    pub durable: bool,
    /// Settings, as `postgresql.conf` has them.
    pub settings: Vec<(String, String)>,
    /// The lines of `pg_hba.conf` for TCP, instead of one that trusts loopback addresses.
    pub hba: Option<String>,
    /// Files in the data folder, readable by the server only, such as its certificate.
    pub files: Vec<(String, String)>,
    /// Variables of the server's processes, and of those of its standbys.
    pub environment: Vec<(String, String)>,
}

impl Options {
    /// One whose commits are on the disk when they are answered.
    #[must_use]
    pub fn durable() -> Self {
        Self { durable: true, ..Self::default() }
    }

    /// With this setting as well.
    #[must_use]
    pub fn set(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With this variable as well.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With this file as well.
    #[must_use]
    pub fn file(mut self, name: &str, text: &str) -> Self {
        self.files.push((name.to_owned(), text.to_owned()));
        self
    }

    /// With these lines of `pg_hba.conf` for TCP.
    #[must_use]
    pub fn hba(mut self, lines: &str) -> Self {
        self.hba = Some(lines.to_owned());
        self
    }
}
