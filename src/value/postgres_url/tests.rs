use std::time::Duration;

use crate::value::{ChannelBinding, PostgresTls, PostgresUrl};

fn read(text: &str) -> PostgresUrl {
    PostgresUrl::parse(text).unwrap_or_else(|wrong| panic!("{text}: {wrong}"))
}

#[test]
fn both_forms_say_the_same() {
    let url =
        read("postgres://me:p%40s%3As@db1:6432,db2/switch?sslmode=require&application_name=a%20b&connect_timeout=7");
    let keys = read(
        "host=db1,db2 port=6432,5432 user=me password='p@s:s' dbname = switch sslmode=require application_name='a b' \
         connect_timeout=7",
    );
    assert_eq!(url, keys);
    assert_eq!(url.to_string(), "postgres://me@db1:6432,db2:5432/switch?sslmode=require");
    assert_eq!(url.password(), Some("p@s:s"));
    assert_eq!((url.application_name.as_str(), url.connect_timeout), ("a b", Some(Duration::from_secs(7))));
}

#[test]
fn what_is_not_said_has_a_safe_default() {
    for (text, shown) in [
        ("postgres://me@db", "postgres://me@db:5432/me?sslmode=verify-full"),
        ("postgresql://me@db/x", "postgres://me@db:5432/x?sslmode=verify-full"),
        ("postgres://me@localhost/x", "postgres://me@localhost:5432/x?sslmode=prefer"),
        ("postgres://me@127.8.0.1/x", "postgres://me@127.8.0.1:5432/x?sslmode=prefer"),
        ("postgres://me@[::1]:7/x", "postgres://me@[::1]:7/x?sslmode=prefer"),
        ("postgres://me@[2001:db8::1]/x", "postgres://me@[2001:db8::1]:5432/x?sslmode=verify-full"),
        ("postgres://me@localhost,db/x", "postgres://me@localhost:5432,db:5432/x?sslmode=verify-full"),
        ("postgres://me@%2Frun%2Fpg:7/x", "postgres://me@/run/pg/.s.PGSQL.7/x?sslmode=prefer"),
        ("postgres://me@/x?host=/run/pg", "postgres://me@/run/pg/.s.PGSQL.5432/x?sslmode=prefer"),
        ("postgres:///x?host=db&user=me", "postgres://me@db:5432/x?sslmode=verify-full"),
        ("host=/run/pg user=me", "postgres://me@/run/pg/.s.PGSQL.5432/me?sslmode=prefer"),
        ("hostaddr=192.0.2.7 user=me", "postgres://me@192.0.2.7:5432/me?sslmode=verify-full"),
        ("host=localhost hostaddr=192.0.2.7 user=me", "postgres://me@localhost:5432/me?sslmode=verify-full"),
        ("host=a,b port=7 user=me", "postgres://me@a:7,b:7/me?sslmode=verify-full"),
        ("postgres://me@db?sslmode=require&sslrootcert=/ca", "postgres://me@db:5432/me?sslmode=verify-ca"),
        (
            "postgres://me@db?target_session_attrs=read-write&gssencmode=disable",
            "postgres://me@db:5432/me?sslmode=verify-full",
        ),
    ] {
        assert_eq!(read(text).to_string(), shown, "{text}");
    }
    let url = read("postgres://me@db?sslrootcert=system&channel_binding=require&sslnegotiation=direct");
    assert_eq!((url.roots, url.channel_binding, url.is_direct_tls), (None, ChannelBinding::Require, true));
    let url = read("postgres://me@db?sslrootcert=/ca&sslcert=/c&sslkey=/k");
    assert_eq!((url.tls, url.roots.unwrap().to_str()), (PostgresTls::VerifyFull, Some("/ca")));
    assert!(url.identity.is_some());
    assert_eq!(url.application_name, "switchboard");
}

#[test]
fn what_is_wrong_is_said_without_the_password() {
    for (text, wrong) in [
        ("mysql://me:hushhush@db/x", "begins with a scheme that is not `postgres://`"),
        ("hushhush", "neither a URL"),
        ("postgres://me:hushhush@hush@db/x", "has to be escaped"),
        ("postgres://me:hush/hush@db/x", "has to be escaped"),
        ("postgres://me:hush?hush=@db/x", "has to be escaped"),
        ("postgres://me:hush#hush@db/x", "has to be escaped"),
        ("postgres://me:hushhush", "has a host whose port is no number"),
        ("postgres://me:hush%ffhush@db/x", "not UTF-8"),
        ("postgres://me:hushhush@/x", "names no host"),
        ("postgres://:hushhush@db/x", "names no user"),
        ("postgres://me:hushhush@db:0/x", "has no valid port for host 1"),
        ("postgres://me:hushhush@db,db:70000/x", "has no valid port for host 2"),
        ("postgres://me:hushhush@d!b/x", "has a host 1 that is neither"),
        ("postgres://me:hushhush@a,,b/x", "has no name for host 2"),
        ("postgres://me:hushhush@db/x?sslmode", "has a key without `=`"),
        (
            "postgres://me:hushhush@db/x?sslmod=require",
            "has `sslmod`, which PostgreSQL does not know; there are application_name, ",
        ),
        ("postgres://me:hushhush@db/x?pgbouncer=true", "has `pgbouncer`, which PostgreSQL does not know; there are "),
        ("postgres://me:hushhush@db/x?Hush9=true", "has an option, which PostgreSQL does not know"),
        ("postgres://me:hushhush@db/x?sslmode=hush", "has a value of `sslmode` that is none of `disable`, `prefer`"),
        ("postgres://me:hushhush@db/x?sslmode=disable", "has `sslmode=disable` for a host that is not this machine"),
        ("postgres://me:hushhush@db/x?sslmode=prefer", "has `sslmode=prefer` for a host that is not this machine"),
        ("postgres://me:hushhush@localhost,db/x?sslmode=disable", "has `sslmode=disable` for a host"),
        ("postgres://me:hushhush@db/x?sslmode=verify-ca", "without an `sslrootcert`"),
        ("postgres://me:hushhush@db/x?sslrootcert=ca.pem", "has a `sslrootcert` that is not an absolute path"),
        ("postgres://me:hushhush@db/x?sslcert=/c", "has an `sslcert` without its `sslkey`"),
        ("postgres://me:hushhush@localhost/x?channel_binding=require", "has `channel_binding=require`, which needs"),
        (
            "postgres://me:hushhush@db/x?options=-c%20statement_timeout%3D1",
            "has the option `options`, which this gateway does not take",
        ),
        (
            "postgres://me:hushhush@db/x?target_session_attrs=standby",
            "has a `target_session_attrs` that is not `read-write`",
        ),
        ("postgres://me:hushhush@db/x?connect_timeout=0", "has a `connect_timeout`"),
        ("postgres://me:hushhush@db/x?client_encoding=LATIN1", "has a `client_encoding`"),
        ("host=db user=me password=hush hushhush=1", "has an option, which"),
        ("host=db user=me password=hush hushhush", "neither a URL"),
        ("host=db user=me password='hushhush", "has a `'` without another one"),
        ("host=db user=me password=hushhush port=x", "has no valid port"),
        ("host=a,b hostaddr=192.0.2.1 user=me password=hushhush", "`hostaddr`; list one for each"),
        ("host=a,b,c port=1,2 user=me password=hushhush", "has neither one port nor one for each host"),
    ] {
        let said = PostgresUrl::parse(text).expect_err(text);
        assert!(said.contains(wrong), "{text}: {said}");
        assert!(!said.contains("hushhush"), "{text}: {said}");
    }
    let url = read("postgres://me:hushhush@db/x");
    let shown = format!("{url} {url:?} {}", serde_json::to_string(&url).unwrap());
    assert!(!shown.contains("hush"), "{shown}");
}
