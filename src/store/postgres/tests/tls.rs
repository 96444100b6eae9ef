//! TLS with a real server and certificates made for the test.

use private_postgres::{Options, Server};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair};
use tempfile::TempDir;

use super::*;

type Issuer = CertifiedIssuer<'static, KeyPair>;

fn issuer(name: &str) -> Issuer {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(rcgen::DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// A certificate and its key.
fn certificate(
    issuer: &Issuer,
    common: &str,
    name: &str,
    algorithm: &'static rcgen::SignatureAlgorithm,
) -> (String, String) {
    let key = KeyPair::generate_for(algorithm).unwrap();
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(rcgen::DnType::CommonName, common);
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    (params.signed_by(&key, issuer).unwrap().pem(), key.serialize_pem())
}

/// A server that takes TLS only, with a certificate of `issuer` for `localhost`, and a role with a password.
async fn server(issuer: &Issuer, hba: &str) -> Option<Server> {
    let (certificate, key) = certificate(issuer, "localhost", "localhost", &rcgen::PKCS_ECDSA_P256_SHA256);
    let options = Options::default().file("server.crt", &certificate).file("server.key", &key).hba(hba);
    let options = options.file("root.crt", &issuer.pem()).set("ssl", "on").set("ssl_ca_file", "root.crt");
    let server = Server::start(&options)?;
    server.execute("postgres", "create role me login password 'hushhush'").await;
    Some(server)
}

fn file(folder: &TempDir, name: &str, text: &str) -> String {
    let path = folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

const SCRAM: &str = "hostssl all all 127.0.0.1/32 scram-sha-256";

#[tokio::test]
async fn verify_full_takes_the_right_issuer_and_name_only() {
    let (own, other) = (issuer("Own"), issuer("Other"));
    let Some(server) = server(&own, SCRAM).await else { return };
    let folder = tempfile::tempdir().unwrap();
    let (own, other) = (file(&folder, "own.pem", &own.pem()), file(&folder, "other.pem", &other.pem()));
    let empty = file(&folder, "empty.pem", "");
    let url = |host: &str, rest: &str| format!("postgres://me:hushhush@{host}:{}/postgres?{rest}", server.port());
    for rest in ["sslmode=verify-full", "sslmode=verify-full&channel_binding=require"] {
        let driven = connect(&url("localhost", &format!("{rest}&sslrootcert={own}"))).await;
        assert_eq!(driven.text("select ssl from pg_stat_ssl where pid = pg_backend_pid()").await, "t", "{rest}");
    }
    for (host, rest, says) in [
        ("127.0.0.1", format!("sslmode=verify-full&sslrootcert={own}"), "name the host as its certificate does"),
        (
            "localhost",
            format!("sslmode=verify-full&sslrootcert={other}"),
            "name a file with its issuer in `sslrootcert`",
        ),
        ("localhost", format!("sslmode=verify-ca&sslrootcert={other}"), "name a file with its issuer in `sslrootcert`"),
        ("localhost", format!("sslmode=require&sslrootcert={other}"), "name a file with its issuer in `sslrootcert`"),
        (
            "localhost",
            "sslmode=verify-full&sslrootcert=/nonexistent.pem".into(),
            "TLS cannot be used: `/nonexistent.pem`",
        ),
        ("localhost", format!("sslmode=verify-full&sslrootcert={empty}"), "holds no certificate"),
        ("127.0.0.1", "sslmode=disable".into(), "it refused the login (28000"),
    ] {
        let error = refused(&url(host, &rest)).await;
        let said = format!("{error} {error:?}");
        assert!(said.contains(says) && !said.contains("hush"), "{host} {rest}: {said}");
    }
    // Weaker ways take what they say that they take.
    connect(&url("127.0.0.1", &format!("sslmode=verify-ca&sslrootcert={own}"))).await;
    connect(&url("127.0.0.1", "sslmode=require")).await;
    connect(&url("127.0.0.1", "sslmode=prefer")).await;
    connect(&url("127.0.0.1", "")).await;
}

#[tokio::test]
async fn a_server_without_tls_is_refused_where_tls_is_asked_for() {
    let Some(server) = Server::start(&Options::default()) else { return };
    let port = server.port();
    for mode in ["require", "verify-full"] {
        let error = refused(&format!("postgres://switchboard@localhost:{port}/postgres?sslmode={mode}")).await;
        assert!(error.to_string().contains("it has no TLS, which `sslmode` asks for"), "{error}");
    }
    connect(&format!("postgres://switchboard@127.0.0.1:{port}/postgres?sslmode=prefer")).await;
}

#[tokio::test]
async fn a_client_certificate_is_a_login() {
    let own = issuer("Own");
    let Some(server) = server(&own, "hostssl all all 127.0.0.1/32 cert").await else { return };
    let folder = tempfile::tempdir().unwrap();
    let (cert, key) = certificate(&own, "me", "client.example", &rcgen::PKCS_ECDSA_P384_SHA384);
    let (own, cert, key) =
        (file(&folder, "own.pem", &own.pem()), file(&folder, "cert.pem", &cert), file(&folder, "key.pem", &key));
    let url = format!("postgres://me@localhost:{}/postgres?sslrootcert={own}&sslmode=verify-full", server.port());
    connect(&format!("{url}&sslcert={cert}&sslkey={key}")).await;
    let error = refused(&url).await;
    assert!(error.to_string().contains("connection requires a valid client certificate"), "{error}");
    let error = refused(&format!("{url}&sslcert={cert}&sslkey={cert}")).await;
    assert!(error.to_string().contains("TLS cannot be used: "), "{error}");
}

#[tokio::test]
async fn the_proof_of_the_password_is_bound_to_certificates_of_every_digest() {
    let own = issuer("Own");
    let folder = tempfile::tempdir().unwrap();
    for algorithm in [&rcgen::PKCS_ECDSA_P256_SHA256, &rcgen::PKCS_ECDSA_P384_SHA384] {
        // The digest is that of the issuer's signature.
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let signer = CertifiedIssuer::self_signed(params, KeyPair::generate_for(algorithm).unwrap()).unwrap();
        let Some(server) = server(&signer, SCRAM).await else { return };
        let roots = file(&folder, "own.pem", &signer.pem());
        let url = format!("postgres://me:hushhush@localhost:{}/postgres?channel_binding=require", server.port());
        connect(&format!("{url}&sslmode=verify-full&sslrootcert={roots}")).await;
    }
    drop(own);
}
