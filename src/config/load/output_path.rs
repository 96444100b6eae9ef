//! Files that the gateway writes. Their folder has to exist; the file itself is opened later, by its writer.

use std::path::{Path, PathBuf};

use crate::config::validate::problem::ProblemKind;
use crate::config::validate::table_reader::TableReader;
use crate::config::validate::validator::Validator;

/// The file that a key names, to be written.
pub(crate) fn output_file(reader: &TableReader<'_>, name: &str, validator: &mut Validator<'_>) -> Option<PathBuf> {
    let text = reader.text(name).filter(|text| !text.trim().is_empty())?;
    let (span, key) = (reader.span(name), reader.key_path.key(name));
    let path = validator.resolve(span, text);
    let folder = folder(&path);
    let (wrong, help) = if path.is_dir() {
        (format!("`{}` for `{key}` is a folder", path.display()), "name a file in it")
    } else if !folder.is_dir() {
        let help = "make the folder, and let the user the gateway runs as write there";
        (format!("there is no folder `{}` for `{key}`", folder.display()), help)
    } else {
        return Some(path);
    };
    validator.error(ProblemKind::UnreadableFile, span, key, wrong, help);
    None
}

/// What names begin with that SQLite takes for a database in memory, or for a URL with options.
const SQLITE_NAMES: [&str; 2] = [":memory:", "file:"];

/// The file that a key names, else `default` in the folder of the file with the reader's table. It is to be written by one
/// who makes the last folder of the path, so that only the one above has to exist.
pub(crate) fn made_folder_file(
    reader: &TableReader<'_>,
    name: &str,
    default: &str,
    validator: &mut Validator<'_>,
) -> Option<PathBuf> {
    let text = match reader.node(name) {
        Some(node) => node.as_text().filter(|text| !text.trim().is_empty())?,
        None => default,
    };
    let (span, key) = (reader.span(name), reader.key_path.key(name));
    let path = validator.resolve(span, text);
    if SQLITE_NAMES.iter().any(|name| text.starts_with(name)) {
        let wrong = "is a name for SQLite, not the path of a file";
        let help = format!("write \"./{text}\" if the file is called that");
        validator.report(reader.error(name, ProblemKind::BadValue, wrong).help(help));
        return None;
    }
    let own = folder(&path);
    let above = folder(own);
    let (wrong, help) = if path.is_dir() || path.file_name().is_none() {
        (format!("`{}` for `{key}` is a folder", path.display()), "name a file in it")
    } else if own.exists() && !own.is_dir() {
        (format!("`{}` for `{key}` is no folder", own.display()), "name a file in a folder of its own")
    } else if !own.is_dir() && !above.is_dir() {
        let help = "make that folder; only the last one of the path is made at start";
        (format!("there is no folder `{}` for `{key}`", above.display()), help)
    } else {
        return Some(path);
    };
    validator.error(ProblemKind::UnreadableFile, span, key, wrong, help);
    None
}

/// Whether two paths name the same file; it does not have to exist yet.
pub(crate) fn is_same(one: &Path, other: &Path) -> bool {
    let canonical = |path: &Path| Some((folder(path).canonicalize().ok()?, path.file_name()?.to_owned()));
    one == other || canonical(one).is_some_and(|one| Some(one) == canonical(other))
}

/// The folder of a file; `.` for a bare name, whose parent is the empty path.
fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    use crate::config::load::output_path::*;

    #[test]
    fn a_bare_name_and_a_dotted_one_are_the_same_file() {
        assert!(is_same(Path::new("a.log"), Path::new("./a.log")));
        assert!(!is_same(Path::new("a.log"), Path::new("b.log")));
    }
}
