//! Refuses what looks as if a file had been emptied or cut off: names, callers or vendors that were there and are all gone.
//! A restart takes such a configuration as it is.

use std::path::PathBuf;

use crate::config::{AssistantsFile, AuthMode, Settings};
use crate::gateway::Gateway;

/// Compares with the generation in force; `file` is the configuration file, if it is known.
pub(super) fn check(settings: &Settings, before: &Gateway, file: Option<PathBuf>) -> Result<(), String> {
    // The default file is watched also while it is gone.
    let file = file.or_else(|| settings.files.first().map(|file| file.path().to_owned()));
    let file = file.map_or_else(|| "its file".to_owned(), |file| format!("`{}`", file.display()));
    if settings.vendors.is_empty() && !before.routes.accounts.is_empty() {
        return Err(format!(
            "the configuration has no vendor any more, as if {file} were empty or incomplete; restart if that is intended"
        ));
    }
    let clients = &before.clients;
    let could_call = clients.open || !clients.by_digest.is_empty() || !clients.by_certificate.is_empty();
    if could_call && settings.clients.is_empty() && settings.auth.mode == AuthMode::Keys {
        return Err(format!(
            "the configuration has no client any more, so that every caller would be refused, as if {file} were empty or \
             incomplete; restart if that is intended"
        ));
    }
    check_assistants(settings, before)
}

/// A file that held assistants and now holds none, and a pattern from whose files none are left. A file that is no longer
/// named, or that is gone beside others of its pattern, was taken away on purpose, and names that stand elsewhere now are not gone.
fn check_assistants(settings: &Settings, before: &Gateway) -> Result<(), String> {
    if before.routes.assistants.keys().all(|name| settings.assistants.contains_key(&**name)) {
        return Ok(());
    }
    let names = |count: usize| if count == 1 { "1 name".to_owned() } else { format!("{count} names") };
    for old in before.assistants_files.iter().filter(|old| old.assistants > 0) {
        if settings.assistants_files.iter().any(|new| new.path == old.path && new.assistants == 0) {
            return Err(format!(
                "`{}` holds no assistants any more, as if it were empty or incomplete, and {} would lead nowhere; take the \
                 file out of `routing.assistants_files`, or restart, if that is intended",
                old.path.display(),
                names(old.assistants)
            ));
        }
        let of_pattern = |files: &[AssistantsFile]| -> usize {
            files.iter().filter(|file| file.pattern == old.pattern).map(|file| file.assistants).sum()
        };
        if settings.routing.assistants_files.contains(&old.pattern) && of_pattern(&settings.assistants_files) == 0 {
            return Err(format!(
                "no file of \"{}\" holds assistants any more, and {} would lead nowhere; take the pattern out of \
                 `routing.assistants_files`, or restart, if that is intended",
                old.pattern,
                names(of_pattern(&before.assistants_files))
            ));
        }
    }
    Ok(())
}
