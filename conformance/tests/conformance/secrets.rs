//! The report never shows a token, in whatever form and place the vendor repeats it.

use std::process::Command;

use crate::parrot::{Parrot, ids};
use crate::secret::Canaries;

#[tokio::test]
async fn a_vendor_that_repeats_the_token_in_every_form_and_place_is_redacted() {
    let mut canaries = Canaries::default();
    let token = canaries.text("the token");
    let parrot = Parrot::start(None).await;
    let url = format!("http://{}/api", parrot.address);
    for id in ids().step_by(41).map(|id| id.to_string()) {
        for (vendor, option) in
            [("autocalls", "--write"), ("sondos", "--json"), ("elevenlabs", "--write"), ("retell", "--json")]
        {
            let heard = parrot.heard();
            let mut command = Command::new(env!("CARGO_BIN_EXE_conformance"));
            command.args([vendor, "--assistant", &id, option, "--base-url", &url, "--token-env", "T", "--pause", "0"]);
            command.env_clear().env("T", &token).current_dir(std::env::temp_dir());
            let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
            assert!(parrot.heard() > heard, "{output:?}");
            canaries.assert_absent("standard output", &output.stdout);
            canaries.assert_absent("standard error", &output.stderr);
        }
    }
}
