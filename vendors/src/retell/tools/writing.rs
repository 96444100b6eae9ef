//! Writes the canonical tools as the vendor's.

use crate::dialect::FieldWriter;
use crate::item::ItemCode;
use crate::json::{Value, push_string};

pub(super) fn write(value: Value<'_>, writer: &mut FieldWriter<'_>) {
    let (mut tools, mut names) = (Vec::new(), Vec::new());
    for (index, tool) in value.elements().enumerate() {
        let mut members = Members::default();
        Tool { tool, index, names: &mut names, writer }.write(&mut members);
        tools.push(members.object());
    }
    writer.put(&["llm", "general_tools", "own"], ["[", &tools.join(","), "]"].concat());
}

/// The members of an object on their way.
#[derive(Default)]
struct Members(Vec<u8>);

impl Members {
    fn put(&mut self, key: &str, json: &str) {
        if !self.0.is_empty() {
            self.0.push(b',');
        }
        push_string(&mut self.0, key);
        self.0.push(b':');
        self.0.extend_from_slice(json.as_bytes());
    }

    fn text(&mut self, key: &str, text: &str) {
        let mut json = Vec::new();
        push_string(&mut json, text);
        self.put(key, &String::from_utf8(json).unwrap_or_default());
    }

    fn object(self) -> String {
        ["{", &String::from_utf8(self.0).unwrap_or_default(), "}"].concat()
    }
}

/// One canonical tool.
struct Tool<'t, 'v, 'w> {
    tool: Value<'v>,
    index: usize,
    /// The vendor's types of the tools before it: a name may occur once only.
    names: &'t mut Vec<&'static str>,
    writer: &'t mut FieldWriter<'w>,
}

impl Tool<'_, '_, '_> {
    fn write(mut self, out: &mut Members) {
        let kind = self.tool.get("type").and_then(Value::as_str).unwrap_or_default();
        match &*kind {
            "end_call" => self.head("end_call", out),
            "dtmf_input" => self.head("press_digit", out),
            "call_transfer" => self.cold_transfer(out),
            "warm_call_transfer" => self.warm_transfer(out),
            "assistant_transfer" => self.swap(out),
            "collect_keypad" => {
                self.refuse("type", "has it as a setting of the agent; send `user_dtmf_options` in `vendor_options`");
            }
            _ => self.refuse("type", "has no such tool"),
        }
    }

    /// What every tool has: type, name, description.
    fn head(&mut self, kind: &'static str, out: &mut Members) {
        self.names.push(kind);
        let same = self.names.iter().filter(|name| **name == kind).count();
        out.text("type", kind);
        match same {
            1 => out.text("name", kind),
            _ => out.text("name", &format!("{kind}_{same}")),
        }
        self.copy("description", "description", out);
    }

    fn cold_transfer(&mut self, out: &mut Members) {
        self.head("transfer_call", out);
        self.destination("phone_number", out);
        out.put("transfer_option", r#"{"type":"cold_transfer"}"#);
        self.refuse_if_true("custom", "lets the model find a number only by a prompt of its own");
        self.refuse_if_set("timezone", "does not document times at which a tool is available");
        if let Some(speaks) = self.tool.get("warm_transfer") {
            out.put("speak_during_execution", speaks.text());
        }
        if let Some(message) = self.tool.get("warm_transfer_message") {
            out.text("execution_message_type", "prompt");
            out.put("execution_message_description", message.text());
        }
    }

    fn warm_transfer(&mut self, out: &mut Members) {
        self.head("transfer_call", out);
        self.destination("supervisor_phone", out);
        let mut option = Members::default();
        option.text("type", "warm_transfer");
        match self.tool.get("caller_id_mode").and_then(Value::as_str).as_deref() {
            Some("customer_number") => option.put("show_transferee_as_caller", "true"),
            Some("outbound_number") => option.put("show_transferee_as_caller", "false"),
            Some(_) => self.refuse("caller_id_mode", "shows the number of the customer or of the call only"),
            None => {}
        }
        if self.tool.get("hold_music").is_some_and(|music| music.is_str("none")) {
            option.text("on_hold_music", "none");
        }
        self.private_handoff(&mut option);
        if let Some(message) = self.tool.get("connected_message") {
            let handoff = [r#"{"type":"static_message","message":"#, message.text(), "}"].concat();
            option.put("public_handoff_option", &handoff);
        }
        out.put("transfer_option", &option.object());
        self.spoken("hold_message", out);
        self.refuse_if_true("custom_sip", "does not document SIP addresses as destinations");
        self.refuse_if_set("custom_caller_id", "shows the number of the customer or of the call only");
        self.refuse_if_set("hold_music_volume", "does not document a volume of the music");
    }

    /// What only the one who takes over hears: a message, or a prompt for one.
    fn private_handoff(&mut self, option: &mut Members) {
        match (self.tool.get("summary_instructions"), self.tool.get("briefing_initial_message")) {
            (Some(_), Some(_)) => self.refuse(
                "briefing_initial_message",
                "has one briefing, a message or instructions; send only one of the two",
            ),
            (Some(prompt), None) => {
                let handoff = [r#"{"type":"prompt","prompt":"#, prompt.text(), "}"].concat();
                option.put("private_handoff_option", &handoff);
            }
            (None, Some(message)) => {
                let handoff = [r#"{"type":"static_message","message":"#, message.text(), "}"].concat();
                option.put("private_handoff_option", &handoff);
            }
            (None, None) => {}
        }
    }

    fn swap(&mut self, out: &mut Members) {
        self.head("agent_swap", out);
        self.copy("assistant_id", "agent_id", out);
        // Required; the analysis of the assistant that hands over stays as it would be without.
        out.text("post_call_analysis_setting", "both_agents");
        self.spoken("message_before_transfer", out);
        self.refuse_if_set("speak_transfer_greeting", "does not document whether the other agent greets");
    }

    fn destination(&mut self, member: &str, out: &mut Members) {
        let number = self.tool.get(member).map_or("null", Value::text);
        out.put("transfer_destination", &[r#"{"type":"predefined","number":"#, number, "}"].concat());
    }

    /// A message that is spoken word by word while the tool is carried out.
    fn spoken(&mut self, member: &str, out: &mut Members) {
        if let Some(message) = self.tool.get(member) {
            out.put("speak_during_execution", "true");
            out.text("execution_message_type", "static_text");
            out.put("execution_message_description", message.text());
        }
    }

    fn copy(&mut self, member: &str, key: &str, out: &mut Members) {
        if let Some(value) = self.tool.get(member) {
            out.put(key, value.text());
        }
    }

    fn refuse_if_true(&mut self, member: &str, why: &str) {
        if self.tool.get(member).and_then(Value::as_bool) == Some(true) {
            self.refuse(member, why);
        }
    }

    fn refuse_if_set(&mut self, member: &str, why: &str) {
        if self.tool.get(member).is_some() {
            self.refuse(member, why);
        }
    }

    fn refuse(&mut self, member: &str, why: &str) {
        let detail = format!("{} {why}", self.writer.vendor_title);
        self.writer.refuse(&[&self.index.to_string(), member], ItemCode::UnsupportedValue, detail);
    }
}
