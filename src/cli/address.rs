//! Where the administration of a gateway is: as the command line names it, or as the gateway's own configuration says.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};

use http::Uri;

use super::Failure;
use crate::config::{self, Environment, Location, Problems, Secret};

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
    ///
    /// # Errors
    /// The configuration cannot be read: another gateway must not be asked instead of the one that is meant.
    pub(super) fn find(url: Option<&str>, config: Option<&Path>, environment: &Environment) -> Result<Self, Failure> {
        match url {
            Some(url) => named(url),
            None => Self::of(config::administration(config, environment).map_err(|problems| unknown(&problems))?),
        }
    }

    /// The same for a question that changes nothing, whether a gateway is well. A file that is gone or broken does not make
    /// a gateway ill that runs on with what the file held; where only the environment names the file, what can be read of
    /// it counts, and the second value says what is wrong with it.
    pub(super) fn probe(
        url: Option<&str>,
        config: Option<&Path>,
        environment: &Environment,
    ) -> Result<(Self, Option<String>), Failure> {
        if url.is_some() || config.is_some() {
            return Ok((Self::find(url, config, environment)?, None));
        }
        match config::administration(None, environment) {
            Ok(found) => Ok((Self::of(found)?, None)),
            Err(problems) => Ok((Self::of(config::probed(environment))?, Some(first(&problems)))),
        }
    }

    fn of(found: config::Administration) -> Result<Self, Failure> {
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

/// Why the configuration does not say which gateway is meant.
fn unknown(problems: &Problems) -> Failure {
    format!("{}; name the gateway with --url, or another file with --config", first(problems)).into()
}

/// The first error of a configuration, in one line.
fn first(problems: &Problems) -> String {
    problems.errors().next().map_or_else(String::new, |problem| match &problem.location {
        Location::Whole => problem.message.clone(),
        location => format!("{location}: {}", problem.message),
    })
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
    fn a_file_that_cannot_be_read_is_an_error_and_no_other_gateway_is_asked() {
        let folder = tempfile::tempdir().unwrap();
        let (typo, broken) = (folder.path().join("typo.toml"), folder.path().join("broken.toml"));
        std::fs::write(&broken, "[server]\nadmin_listen = \"127.0.0.1:9292\"\n[clients\n").unwrap();
        for (path, expected) in [(&typo, "cannot read the configuration"), (&broken, "not TOML")] {
            let variable: Environment =
                [("SWITCHBOARD_CONFIG".to_owned(), path.display().to_string())].into_iter().collect();
            let errors = [
                Administration::find(None, Some(path), &Environment::default()).err(),
                Administration::find(None, None, &variable).err(),
                Administration::probe(None, Some(path), &Environment::default()).err(),
            ];
            for error in errors {
                let error = error.unwrap().to_string();
                let is_named = error.contains(path.file_name().unwrap().to_str().unwrap());
                assert!(is_named && error.contains(expected) && error.contains("--url"), "{error}");
            }
            let elsewhere = Administration::find(Some("10.0.0.1:1"), None, &variable).unwrap();
            assert_eq!(elsewhere.base, "http://10.0.0.1:1");
        }
    }

    #[test]
    fn a_probe_asks_the_gateway_that_runs_although_its_file_is_broken_or_gone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c.toml");
        let variables = |more: &[(&str, &str)]| -> Environment {
            let config = ("SWITCHBOARD_CONFIG".to_owned(), path.display().to_string());
            let more = more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            std::iter::once(config).chain(more).collect()
        };
        let tls = "[server.admin_tls]\ncert = \"a.pem\"\nkey = \"a.key\"\n";
        let good =
            format!("[server]\nadmin_listen = \"127.0.0.1:9292\"\n{tls}[vendors.sondos]\ntoken = {{ env = \"T\" }}\n");
        for (text, wrong) in [(good.clone(), None), (format!("{good}[clients\n"), Some("not TOML"))] {
            std::fs::write(&path, text).unwrap();
            let (found, problem) = Administration::probe(None, None, &variables(&[])).unwrap();
            assert_eq!(found.base, "https://127.0.0.1:9292");
            assert_eq!(found.certificate.unwrap(), folder.path().join("a.pem"));
            assert_eq!(problem.is_some_and(|problem| problem.contains(wrong.unwrap())), wrong.is_some());
        }
        std::fs::remove_file(&path).unwrap();
        let (found, problem) = Administration::probe(None, None, &variables(&[])).unwrap();
        assert_eq!(found.base, "http://127.0.0.1:9090");
        assert!(problem.unwrap().contains("cannot read the configuration"));
        let listen = ("SWITCHBOARD_SERVER__ADMIN_LISTEN", "0.0.0.0:9191");
        assert_eq!(Administration::probe(None, None, &variables(&[listen])).unwrap().0.base, "http://127.0.0.1:9191");
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
