//! The field `tools`: the built-in tools stand in one array of the LLM with the account's own, which stay.

mod reading;
mod writing;

use crate::canonical::{Member, Required, Shape, TOOL_WITH_TEXT_IDS, Variant};
use crate::dialect::{NestedHook, Path, Said};

const TOOLS: Path = &["llm", "general_tools"];

/// The vendor's types that the canonical tools become. Tools of other types stay.
pub(super) const TYPES: &[&str] = &["end_call", "transfer_call", "press_digit", "agent_swap"];

const TYPE: Path = &["type"];
const OPTION: Path = &["transfer_option", "type"];
const MUSIC: Path = &["transfer_option", "on_hold_music"];

/// A part that the canonical tools say of those that speak while they hand over.
const fn spoken(path: Path) -> Said {
    Said::at(path).only_where(TYPE, &["transfer_call", "agent_swap"])
}

/// A part that they say of warm transfers.
const fn warm(path: Path) -> Said {
    Said::at(path).only_where(OPTION, &["warm_transfer"])
}

/// What the canonical tools say of the vendor's. Everything else stays, names among it.
pub(super) const SAYS: &[Said] = &[
    Said::at(&["description"]),
    Said::at(&["agent_id"]),
    spoken(&["speak_during_execution"]).unless(&["false"]),
    spoken(&["execution_message_type"]),
    spoken(&["execution_message_description"]),
    Said::at(&["transfer_destination", "type"]),
    Said::at(&["transfer_destination", "number"]),
    Said::at(OPTION),
    warm(&["transfer_option", "show_transferee_as_caller"]),
    Said::at(MUSIC).only_where(MUSIC, &["none"]),
    warm(&["transfer_option", "private_handoff_option", "type"]),
    warm(&["transfer_option", "private_handoff_option", "prompt"]),
    warm(&["transfer_option", "private_handoff_option", "message"]),
    warm(&["transfer_option", "public_handoff_option", "type"]),
    warm(&["transfer_option", "public_handoff_option", "message"]),
];

pub(super) static HOOK: NestedHook = NestedHook {
    paths: &[TOOLS],
    group: &[],
    write: writing::write,
    read: reading::read,
    doc: "`end_call`, `call_transfer` and `warm_call_transfer` (`transfer_call`), `dtmf_input` (`press_digit`) and \
          `assistant_transfer` (`agent_swap`) take the place of the LLM's tools of these types; all others stay. A warm \
          transfer dials from the number of the call, so that `outbound_phone_id` may be left out and is not sent.",
};

/// One element of `tools` here: ids are texts, and a warm transfer needs no number of its own.
pub(super) const TOOL: Shape = Shape::Tagged(&VARIANTS);

const WARM: &str = "warm_call_transfer";
const OUTBOUND: &str = "outbound_phone_id";

const fn variants() -> &'static [Variant] {
    match TOOL_WITH_TEXT_IDS {
        Shape::Tagged(variants) => variants,
        _ => &[],
    }
}

const VARIANTS: [Variant; variants().len()] = {
    let (mut all, mut index) = ([variants()[0]; variants().len()], 0);
    while index < all.len() {
        all[index] = variants()[index];
        if is_same(all[index].tag, WARM) {
            all[index].members = &WARM_MEMBERS;
        }
        index += 1;
    }
    all
};

const fn warm_members() -> &'static [Member] {
    let mut index = 0;
    while !is_same(variants()[index].tag, WARM) {
        index += 1;
    }
    variants()[index].members
}

const WARM_MEMBERS: [Member; warm_members().len()] = {
    let (mut all, mut index) = ([warm_members()[0]; warm_members().len()], 0);
    while index < all.len() {
        all[index] = warm_members()[index];
        if is_same(all[index].name, OUTBOUND) {
            all[index].required = Required::No;
        }
        index += 1;
    }
    all
};

const fn is_same(one: &str, other: &str) -> bool {
    crate::dialect::leads_through(&[one], &[other])
}
