//! `switchboard man`: the manual page, all commands on one page.

use std::io::Write;
use std::process::ExitCode;

use clap::{Command, CommandFactory};
use clap_mangen::Man;

use crate::cli::{Cli, Failure, Terminal};

pub(crate) fn run(terminal: &mut Terminal<'_>) -> Result<ExitCode, Failure> {
    let mut command = Cli::command().disable_help_subcommand(true);
    command.build();
    let mut page = Vec::new();
    let man = Man::new(command.clone());
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    writeln!(page, ".SH COMMANDS")?;
    for command in command.get_subcommands() {
        render_command(command, command.get_name(), &mut page)?;
    }
    page.write_all(FILES)?;
    man.render_version_section(&mut page)?;
    terminal.out.write_all(&page)?;
    Ok(ExitCode::SUCCESS)
}

/// One command: its synopsis, what it does and its options, as a section of the page; those within it follow.
fn render_command(command: &Command, name: &str, page: &mut Vec<u8>) -> std::io::Result<()> {
    writeln!(page, ".SS \"{name}\"")?;
    let man = Man::new(command.clone());
    let mut parts = Vec::new();
    man.render_synopsis_section(&mut parts)?;
    writeln!(parts, ".PP")?;
    man.render_description_section(&mut parts)?;
    man.render_options_section(&mut parts)?;
    for line in String::from_utf8_lossy(&parts).lines().filter(|line| !is_heading(line)) {
        writeln!(page, "{line}")?;
    }
    if let Some(examples) = command.get_after_help() {
        let text = examples.to_string();
        let (heading, lines) = text.split_once('\n').unwrap_or((&text, ""));
        writeln!(page, ".PP\n{heading}\n.nf")?;
        for line in lines.lines() {
            writeln!(page, "{}", line.replace('\\', "\\e").replace('-', "\\-").replace('\'', "\\(aq"))?;
        }
        writeln!(page, ".fi")?;
    }
    command.get_subcommands().try_for_each(|inner| render_command(inner, &format!("{name} {}", inner.get_name()), page))
}

fn is_heading(line: &str) -> bool {
    line.starts_with(".SH ") || line.starts_with(".ie ") || line.starts_with(".el ")
}

const FILES: &[u8] = b".SH FILES
.TP
\\fIconfig/switchboard.toml\\fR
The configuration, where neither \\fB\\-\\-config\\fR nor \\fBSWITCHBOARD_CONFIG\\fR names another file.
.SH ENVIRONMENT
.TP
\\fBSWITCHBOARD_CONFIG\\fR
The configuration file.
.TP
\\fBSWITCHBOARD_\\fR\\fISECTION\\fR\\fB__\\fR\\fIKEY\\fR
Sets that key, before the file; \\fB__\\fR stands between levels.
.TP
\\fBNO_COLOR\\fR
Any value turns colours off.
.SH SIGNALS
.TP
\\fBSIGTERM\\fR, \\fBSIGINT\\fR
\\fBserve\\fR stops taking requests, finishes those in flight and ends; a second signal ends at once.
.TP
\\fBSIGHUP\\fR
\\fBserve\\fR applies a changed configuration, or keeps the old one.
.SH EXIT STATUS
0 the command succeeded; 1 it failed, or its result is negative; 2 the command line is wrong.
";
