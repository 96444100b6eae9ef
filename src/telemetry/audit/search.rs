//! Looks up what the audit log has of one request or one record: in the file and its rotated ones, newest first.
//!
//! It reads backwards in pieces of a fixed length and ends at bounds of bytes and time, so that a look-up in a log of many
//! gigabytes costs no more than one of a gigabyte. It blocks, so it runs off the threads that serve requests.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use memchr::memmem::Finder;
use serde_json::Value;

/// How much is read at once.
const PIECE: u64 = 1 << 20;
/// The longest line that is looked at; the log's own are far shorter.
const MAX_LINE: usize = 1 << 20;
/// How much is read of all files together.
const MAX_BYTES: u64 = 1 << 30;
/// How long a look-up takes at most.
const MAX_TIME: Duration = Duration::from_secs(3);
/// How many lines it gives at most.
const MAX_FOUND: usize = 50;

/// Where the audit log is.
#[derive(Debug, Clone)]
pub(in crate::telemetry) struct AuditFiles {
    /// The file.
    pub(in crate::telemetry) path: PathBuf,
    /// How many rotated ones there may be.
    pub(in crate::telemetry) keep: u32,
}

/// What a look-up has found.
#[derive(Debug, Default, PartialEq, serde::Serialize)]
pub struct AuditFound {
    /// The events of the request or record, newest first.
    pub events: Vec<Value>,
    /// How many files were read, in whole or in part.
    pub files: u32,
    /// How many bytes were read.
    pub bytes: u64,
    /// Whether everything there is was read.
    pub complete: bool,
}

impl AuditFiles {
    /// The events that name `id` as the request, the record, or the record that replays it.
    pub(super) fn find(&self, id: &str) -> AuditFound {
        self.find_within(id, MAX_TIME)
    }

    fn find_within(&self, id: &str, time: Duration) -> AuditFound {
        let mut search = Search {
            id,
            finder: Finder::new(id.as_bytes()),
            found: AuditFound { complete: true, ..AuditFound::default() },
            until: Instant::now() + time,
            left: MAX_BYTES,
        };
        for number in 0..=self.keep {
            let mut path = self.path.clone().into_os_string();
            if number > 0 {
                path.push(format!(".{number}"));
            }
            // A rotation that is under way, or that failed halfway, leaves a gap.
            match search.file(Path::new(&path)) {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) if error.kind() == io::ErrorKind::NotFound && number > 0 => {}
                Err(_) => search.found.complete = false,
            }
        }
        search.found
    }
}

/// One look-up.
struct Search<'a> {
    id: &'a str,
    finder: Finder<'a>,
    found: AuditFound,
    until: Instant,
    left: u64,
}

impl Search<'_> {
    /// Looks through one file from its end; `false` at a bound.
    fn file(&mut self, path: &Path) -> io::Result<bool> {
        // A pipe would wait for a writer, and has no past.
        if !std::fs::metadata(path)?.is_file() {
            return Ok(true);
        }
        let file = File::open(path)?;
        self.found.files += 1;
        let mut end = file.metadata()?.len();
        // What stands before the first line end of a later piece belongs to a line that begins in an earlier one.
        let mut rest: Vec<u8> = Vec::new();
        while end > 0 {
            if self.is_over() {
                return Ok(false);
            }
            let start = end.saturating_sub(PIECE);
            let mut piece = vec![0; usize::try_from(end - start).unwrap_or_default()];
            file.read_exact_at(&mut piece, start)?;
            (self.left, self.found.bytes) = (self.left.saturating_sub(end - start), self.found.bytes + (end - start));
            piece.extend_from_slice(&rest);
            let whole = if start == 0 { 0 } else { memchr::memchr(b'\n', &piece).map_or(piece.len(), |at| at + 1) };
            let (head, lines) = piece.split_at(whole);
            self.lines(lines);
            rest = if head.len() > MAX_LINE { Vec::new() } else { head.to_vec() };
            end = start;
        }
        Ok(!self.is_over())
    }

    /// Keeps the lines of a piece that are about the id, the last one first.
    fn lines(&mut self, lines: &[u8]) {
        let mut named = Vec::new();
        let mut from = 0;
        while let Some(at) = lines.get(from..).and_then(|rest| self.finder.find(rest)).map(|at| from + at) {
            let start = lines.get(..at).and_then(|before| memchr::memrchr(b'\n', before)).map_or(0, |end| end + 1);
            from = lines.get(at..).and_then(|after| memchr::memchr(b'\n', after)).map_or(lines.len(), |end| at + end);
            named.extend(lines.get(start..from));
        }
        for line in named.into_iter().rev() {
            if self.found.events.len() >= MAX_FOUND {
                return;
            }
            let Ok(event) = serde_json::from_slice::<Value>(line) else { continue };
            let is = |member: &&str| event.get(*member).and_then(Value::as_str) == Some(self.id);
            if ["request_id", "update", "replayed_as"].iter().any(is) {
                self.found.events.push(event);
            }
        }
    }

    /// Whether a bound is reached; then there may be more.
    fn is_over(&mut self) -> bool {
        let is_over = self.left == 0 || Instant::now() >= self.until || self.found.events.len() >= MAX_FOUND;
        if is_over {
            self.found.complete = false;
        }
        is_over
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;
    use std::fs;

    use crate::telemetry::audit::search::*;

    /// As long as an unoptimised build on a busy machine may need.
    const LONG: Duration = Duration::from_secs(600);

    fn line(number: u64, member: &str) -> String {
        format!("{{\"time\":\"t{number}\",\"event\":\"update\",\"{member}\":\"id-{number}\",\"n\":{number}}}\n")
    }

    fn files(folder: &tempfile::TempDir, keep: u32) -> AuditFiles {
        AuditFiles { path: folder.path().join("audit.jsonl"), keep }
    }

    fn numbers(found: &AuditFound) -> Vec<u64> {
        found.events.iter().map(|event| event["n"].as_u64().unwrap()).collect()
    }

    #[test]
    fn a_request_is_found_in_the_file_and_in_rotated_ones_over_the_edges_of_pieces() {
        let folder = tempfile::tempdir().unwrap();
        let files = files(&folder, 3);
        // Together far longer than a piece, so that lines stand across its edges.
        let mut number = 0;
        for name in ["audit.jsonl.2", "audit.jsonl.1", "audit.jsonl"] {
            let mut text = String::new();
            while (text.len() as u64) < 3 * PIECE {
                number += 1;
                text += &line(number, "request_id");
            }
            fs::write(folder.path().join(name), text).unwrap();
        }
        for wanted in [1, 2, number / 3, number / 2, number - 1, number] {
            let found = files.find_within(&format!("id-{wanted}"), LONG);
            assert_eq!((numbers(&found), found.complete, found.files), (vec![wanted], true, 3), "{wanted}");
        }
        for edge in [PIECE, 2 * PIECE] {
            let text = fs::read(folder.path().join("audit.jsonl")).unwrap();
            let at = text.len() - edge as usize;
            let start = text[..at].iter().rposition(|byte| *byte == b'\n').unwrap() + 1;
            let across: Value =
                serde_json::from_slice(text[start..].split(|byte| *byte == b'\n').next().unwrap()).unwrap();
            assert_eq!(files.find_within(across["request_id"].as_str().unwrap(), LONG).events, [across]);
        }
        let found = files.find_within("id-0", LONG);
        assert_eq!((found.events.len(), found.complete, found.files), (0, true, 3));
        let found = files.find_within("id-0", Duration::ZERO);
        assert!(!found.complete && found.bytes == 0, "{found:?}");
        let found = files.find_within("id-0", LONG);
        assert!(found.bytes > 9 * PIECE);
    }

    #[test]
    fn all_events_of_an_id_are_given_newest_first_and_only_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let mut text = String::new();
        for (number, member) in ["request_id", "update", "replayed_as", "assistant", "cause"].into_iter().enumerate() {
            write!(text, "{}", line(number as u64, member).replace(&format!("id-{number}"), "same")).unwrap();
            text += "not json same\n";
            text += &line(9, "request_id").replace("id-9", "same-but-longer");
        }
        fs::write(folder.path().join("audit.jsonl"), &text).unwrap();
        assert_eq!(numbers(&files(&folder, 1).find("same")), [2, 1, 0]);
        fs::write(folder.path().join("audit.jsonl.1"), line(7, "request_id").repeat(80)).unwrap();
        let found = files(&folder, 1).find("id-7");
        assert_eq!((found.events.len(), found.complete), (MAX_FOUND, false));
    }

    #[test]
    fn a_log_that_is_no_file_or_not_there_yet_is_no_harm() {
        let folder = tempfile::tempdir().unwrap();
        let found = files(&folder, 2).find("x");
        assert_eq!((found.events.len(), found.complete), (0, false));
        let device = AuditFiles { path: "/dev/null".into(), keep: 0 };
        assert!(device.find("x").complete);
    }
}
