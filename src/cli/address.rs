//! Where the administration of a gateway is: as the command line names it, or as the gateway's own configuration says.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};

use http::Uri;

use super::Failure;
use crate::config::{self, Environment, Secret};

/// The administration of a gateway.
pub(super) struct Administration {
    /// `http://` or `https://`, and the authority.
    pub(super) base: String,
    /// The path that the command line names, if it names one.
    pub(super) path: Option<String>,
    /// The token that the configuration has for it. It goes to the address of the same configuration only.
    pub(super) token: Option<Secret>,
    /// The file with the certificate that the configuration has it show.
    pub(super) certificate: Option<PathBuf>,
}

impl Administration {
    /// At `url`, else where the configuration puts it; an address for all interfaces is asked on loopback.
    pub(super) fn find(url: Option<&str>, config: Option<&Path>, environment: &Environment) -> Result<Self, Failure> {
        if let Some(url) = url {
            return named(url);
        }
        let found = config::administration(config, environment);
        let mut address =
            found.listen.ok_or("`server.admin_listen` of the configuration is no address; name it with --url")?;
        if address.ip().is_unspecified() {
            address.set_ip(match address.ip() {
                IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
                IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
            });
        }
        let scheme = if found.certificate.is_some() { "https" } else { "http" };
        let base = format!("{scheme}://{address}");
        Ok(Self { base, path: None, token: found.token, certificate: found.certificate })
    }
}

/// The address on the command line, with or without a scheme and a path.
fn named(url: &str) -> Result<Administration, Failure> {
    let wrong = || Failure::from(format!("`{url}` is no URL such as 127.0.0.1:9090 or http://127.0.0.1:9090"));
    let text = url.trim();
    let whole = match text.find("://") {
        Some(_) => text.to_owned(),
        None if text.starts_with(':') => format!("http://127.0.0.1{text}"),
        None => format!("http://{text}"),
    };
    let uri: Uri = whole.parse().map_err(|_| wrong())?;
    let scheme = match uri.scheme_str().ok_or_else(wrong)? {
        scheme @ ("http" | "https") => scheme,
        scheme => return Err(format!("administration speaks http or https, not {scheme}").into()),
    };
    let authority = uri.authority().filter(|authority| !authority.host().is_empty()).ok_or_else(wrong)?;
    let path = uri.path_and_query().map(ToString::to_string).filter(|path| path != "/");
    Ok(Administration { base: format!("{scheme}://{authority}"), path, token: None, certificate: None })
}

#[cfg(test)]
mod tests {
    use crate::cli::address::*;

    fn asked(listen: &str) -> String {
        let variable = ("SWITCHBOARD_SERVER__ADMIN_LISTEN".to_owned(), listen.to_owned());
        Administration::find(None, None, &[variable].into_iter().collect()).unwrap().base
    }

    #[test]
    fn the_environment_says_where_to_ask() {
        let default = Administration::find(None, None, &Environment::default()).unwrap();
        assert_eq!(default.base, "http://127.0.0.1:9090");
        assert_eq!(asked("0.0.0.0:9191"), "http://127.0.0.1:9191");
        assert_eq!(asked("[::]:9090"), "http://[::1]:9090");
        assert_eq!(asked("10.1.2.3:9090"), "http://10.1.2.3:9090");
    }

    #[test]
    fn the_configuration_says_where_to_ask_and_has_the_token() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c.toml");
        std::fs::write(folder.path().join("token"), "hush").unwrap();
        // What else is wrong with it does not matter here.
        let text = "[server]\nadmin_listen = \"0.0.0.0:9292\"\nlisten = 5\n[admin]\ntoken = { file = \"token\" }\n";
        std::fs::write(&path, text).unwrap();
        let variable = ("SWITCHBOARD_CONFIG".to_owned(), path.display().to_string());
        for found in [
            Administration::find(None, Some(&path), &Environment::default()).unwrap(),
            Administration::find(None, None, &[variable].into_iter().collect()).unwrap(),
        ] {
            assert_eq!((found.base.as_str(), found.token.unwrap().expose()), ("http://127.0.0.1:9292", "hush"));
        }
        let elsewhere = Administration::find(Some("10.0.0.1:1"), Some(&path), &Environment::default()).unwrap();
        assert!(elsewhere.token.is_none(), "the token goes nowhere else");
    }

    #[test]
    fn an_address_is_read_with_and_without_scheme_and_path() {
        let find = |url| Administration::find(Some(url), None, &Environment::default());
        for (url, base, path) in [
            ("127.0.0.1:9090", "http://127.0.0.1:9090", None),
            ("localhost:9090/", "http://localhost:9090", None),
            ("[::1]:9090", "http://[::1]:9090", None),
            (":9191", "http://127.0.0.1:9191", None),
            ("gateway.internal", "http://gateway.internal", None),
            ("http://127.0.0.1:9090/readyz", "http://127.0.0.1:9090", Some("/readyz")),
            ("127.0.0.1:9090/readyz", "http://127.0.0.1:9090", Some("/readyz")),
            ("https://gateway.internal:9090", "https://gateway.internal:9090", None),
        ] {
            let found = find(url).unwrap();
            assert_eq!((found.base.as_str(), found.path.as_deref()), (base, path), "{url}");
        }
        for (url, expected) in [
            ("ftp://127.0.0.1:9090", "not ftp"),
            ("", "such as 127.0.0.1:9090"),
            ("/readyz", "no URL"),
            ("a b", "no URL"),
        ] {
            let error = find(url).err().unwrap().to_string();
            assert!(error.contains(expected), "{url}: {error}");
        }
    }
}
