//! `switchboard explain`: the request one vendor would receive, and what happens to each field.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::ValueEnum;
use vendors::document::what_becomes;
use vendors::{CatalogSet, Catalogs, Dialect, Handling, Policies, Request, Target, Update, translate_request};

use crate::api::redact;
use crate::gateway;
use crate::reload::Source;

use crate::cli::input::{VendorName, dialect, read};
use crate::cli::style::Style;
use crate::cli::table::{table, width};
use crate::cli::{Failure, Terminal};

/// Arguments of `explain`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A dialect, or with --config a vendor of that configuration
    #[arg(value_parser = VendorName)]
    vendor: String,
    /// The canonical update; `-` is standard input
    #[arg(default_value = "-")]
    file: PathBuf,
    /// A configuration whose address, catalogs, field policies and handling count
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// What to do with fields that the vendor does not support [default: the vendor's, else strict]
    #[arg(long, value_enum)]
    handling: Option<HandlingArg>,
    /// The vendor's id of the assistant; an example without it
    #[arg(long)]
    id: Option<String>,
    /// `text`: readable, keys of third parties redacted; `body`: the wire body alone, byte for byte
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum HandlingArg {
    Strict,
    Lenient,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Body,
}

/// The vendor as the configuration has it, or a bare dialect.
struct Vendor {
    dialect: &'static Dialect,
    base_url: String,
    handling: Handling,
    policies: Policies,
    configured: CatalogSet,
    /// The names that `vendor_options` may hold.
    accounts: Vec<String>,
}

pub(crate) fn run(args: &Args, terminal: &mut Terminal<'_>) -> Result<ExitCode, Failure> {
    let vendor = vendor(args, terminal)?;
    let body = read(&args.file)?;
    let id = args.id.as_deref().unwrap_or(vendor.dialect.ids.example());
    if !vendor.dialect.is_id(id) {
        let (title, described) = (vendor.dialect.title, vendor.dialect.ids.described());
        let meant = vendor.dialect.ids.meant(id).map(|meant| format!("; did you mean `{meant}`?")).unwrap_or_default();
        return Err(format!("`{id}` is no assistant id at {title}, where ids are {described}{meant}").into());
    }
    let update = Update::read(&body).map_err(|error| format!("the update is not valid JSON: {error}"))?;
    let live = CatalogSet::default();
    let accounts: Vec<_> = vendor.accounts.iter().map(String::as_str).collect();
    let target = Target {
        dialect: vendor.dialect,
        vendor: &args.vendor,
        id,
        handling: match args.handling {
            Some(HandlingArg::Strict) => Handling::Strict,
            Some(HandlingArg::Lenient) => Handling::Lenient,
            None => vendor.handling,
        },
        policies: &vendor.policies,
        catalogs: Catalogs { configured: &vendor.configured, live: &live },
        accounts: &accounts.as_slice(),
    };
    let style = Style::for_stdout(&terminal.environment);
    match translate_request(&update, &target) {
        Ok(request) if args.format == Format::Body => {
            terminal.out.write_all(&request.own_body(vendor.dialect))?;
            writeln!(terminal.out)?;
            Ok(ExitCode::SUCCESS)
        }
        Ok(request) => {
            print(&request, &vendor, terminal)?;
            Ok(ExitCode::SUCCESS)
        }
        Err(refused) => {
            writeln!(terminal.err, "{}", style.red(&format!("{} would refuse this update:", args.vendor)))?;
            let rows = refused
                .items
                .list
                .iter()
                .map(|item| [item.pointer.clone(), item.code.to_string(), item.detail.clone()]);
            writeln!(terminal.err, "{}", table(rows, 2, width(&terminal.environment)).trim_fmt())?;
            for hint in &refused.hints {
                writeln!(terminal.err, "  to add a name or id, write {} under [{}]", hint.line, hint.key)?;
            }
            if refused.items.more > 0 {
                writeln!(terminal.err, "  and {} more", refused.items.more)?;
            }
            Ok(ExitCode::FAILURE)
        }
    }
}

fn vendor(args: &Args, terminal: &Terminal<'_>) -> Result<Vendor, Failure> {
    let Some(path) = &args.config else {
        let dialect = dialect(&args.vendor)?;
        return Ok(Vendor {
            dialect,
            base_url: dialect.base_url.to_owned(),
            handling: Handling::Strict,
            policies: Policies::default(),
            configured: CatalogSet::default(),
            accounts: vendors::registry::DIALECTS.iter().map(|dialect| dialect.name.to_owned()).collect(),
        });
    };
    let source = Source { path: Some(path.clone()), environment: terminal.environment.clone() };
    let settings = source.load()?;
    let configured = settings.vendors.get(&args.vendor).ok_or_else(|| {
        let known: Vec<_> = settings.vendors.keys().map(String::as_str).collect();
        format!("`{}` has no vendor `{}`; it has {}", path.display(), args.vendor, known.join(", "))
    })?;
    let dialect = dialect(&configured.dialect)?;
    Ok(Vendor {
        dialect,
        base_url: configured.base_url.as_str().to_owned(),
        handling: configured.handling.unwrap_or_default(),
        policies: gateway::policies(configured),
        configured: gateway::configured(dialect, &configured.catalog),
        accounts: settings.vendors.keys().cloned().collect(),
    })
}

/// Prints the request and what happened to each field.
fn print(request: &Request, vendor: &Vendor, terminal: &mut Terminal<'_>) -> std::io::Result<()> {
    let style = Style::for_stdout(&terminal.environment);
    let own = request.own_body(vendor.dialect);
    if *own == *b"{}" && !request.is_empty() {
        writeln!(terminal.out, "Nothing is sent to the assistant itself.\n")?;
    } else {
        writeln!(terminal.out, "{} {}{}", style.bold(request.method), vendor.base_url, request.path)?;
        let mut body = Vec::with_capacity(own.len());
        redact(&mut body, &own);
        writeln!(terminal.out, "{}\n", String::from_utf8_lossy(&body))?;
    }
    let report = &request.report;
    let row = |kind: &str, field: &str, what: &str| [kind.to_owned(), field.to_owned(), what.to_owned()];
    let applied =
        report.applied.iter().map(|&field| row("applied", field.name(), &what_becomes(vendor.dialect, field)));
    let dropped = report.dropped.iter().map(|note| row("dropped", &note.field, &note.detail));
    let warnings = report.warnings.iter().map(|note| row("warning", &note.field, &note.detail));
    for line in table(applied.chain(dropped).chain(warnings), 2, width(&terminal.environment)).trim_fmt().lines() {
        let (kind, rest) = line.split_at_checked(9).unwrap_or((line, ""));
        let kind = match kind.trim_start() {
            "applied" => style.green(kind),
            "dropped" => style.red(kind),
            _ => style.bold(kind),
        };
        writeln!(terminal.out, "{kind}{rest}")?;
    }
    Ok(())
}
