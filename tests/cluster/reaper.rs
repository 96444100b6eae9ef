//! What ends a replica when the test program has ended without doing so, as it does when it is killed itself.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};

/// Waits for the end of its input. Only if that was not said before, the process has outlived the program.
const SCRIPT: &str = r#"
trap '' INT TERM HUP
while read -r next folder; do
  [ "$next" = end ] && exit
  pid=$next
  home=$folder
done
[ -n "$pid" ] && kill -KILL "$pid" && rm -rf "$home"
"#;

pub(crate) struct Reaper(Mutex<Child>);

impl Reaper {
    pub(crate) fn start() -> Self {
        let mut command = Command::new("sh");
        command.args(["-c", SCRIPT]).process_group(0).current_dir("/");
        Self(Mutex::new(command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()))
    }

    /// From now on it watches this process, and its folder.
    pub(crate) fn watches(&self, pid: u32, home: &Path) {
        self.say(&format!("{pid} {}\n", home.display()));
    }

    fn say(&self, line: &str) {
        let mut child = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        child.stdin.as_mut().unwrap().write_all(line.as_bytes()).unwrap();
    }
}

impl Drop for Reaper {
    fn drop(&mut self) {
        self.say("end\n");
        let _ = self.0.lock().unwrap_or_else(PoisonError::into_inner).wait();
    }
}
