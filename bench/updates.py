"""Canonical updates for the benchmarks.

The light ones are supported by Sondos, the vendor with the most conversions; the dense ones have nearly every field, of which
Sondos lacks some eighteen.
"""

import json
import random

# Most common fields first; values are within every vendor's range.
FIELDS = {
    "name": "Sales assistant",
    "mode": "pipeline",
    "type": "outbound",
    "wait_for_customer": True,
    "system_prompt": "",
    "initial_message": "Hello, this is Anna. How can I help you today?",
    "timezone": "Europe/Berlin",
    "speech_speed": 1.05,
    "llm_temperature": 0.3,
    "voice_stability": 0.7,
    "voice_similarity": 0.75,
    "max_duration": 900,
    "max_silence_duration": 30,
    "reengagement_interval": 20,
    "end_call_on_voicemail": True,
    "allow_interruptions": True,
    "record": True,
    "enable_noise_cancellation": True,
    "fillers": False,
    "endpoint_type": "vad",
    "endpoint_sensitivity": 2.5,
    "interrupt_sensitivity": 2,
    "min_interrupt_words": 2,
    "ambient_sound_volume": 0.4,
    "is_webhook_active": True,
    "webhook_url": "https://crm.example.com/calls",
    "send_webhook_only_on_completed": True,
    "include_recording_in_webhook": False,
    "post_call_evaluation": True,
    "post_call_schema": [{"name": "interested", "type": "bool", "description": "Whether the customer wants an offer."}],
    "variables": {"customer_name": "Ms Example", "plan": "basic"},
    "tools": [{"type": "end_call", "description": "When the customer has said goodbye."}],
    "voice_id": 2,
    "tts_emotion_enabled": True,
}
USUAL = 12
# What the dense updates have besides: with it, all 57 documented fields.
MORE = {
    "language_id": 1,
    "llm_model_id": 4,
    "multimodal_model_id": 3,
    "chat_llm_fallback_id": 2,
    "turn_detection_threshold": 0.5,
    "secondary_language_ids": [2, 3],
    "knowledgebase_id": 7,
    "knowledgebase_mode": "function_call",
    "folder_id": 3,
    "label_ids": [1, 2],
    "phone_number_id": 5,
    "tool_ids": [11, 12],
    "synthesizer_provider_id": 1,
    "transcriber_provider_id": 1,
    "filler_config": {"positive": ["Great!", "I see."], "neutral": ["Hm."]},
    "max_initial_silence_duration": 20,
    "ringing_time": 30,
    "reengagement_prompt": "Are you still there?",
    "voice_mail_message": "Please call us back.",
    "ambient_sound": "office",
    "conversation_inactivity_timeout": 30,
    "conversation_ended_retrigger": True,
    "conversation_ended_webhook_url": "https://crm.example.com/ended",
}
FEWEST, DENSE_BODIES, DENSE_PROMPT = 44, 512, 400
SENTENCE = 'You answer politely, ask one question at a time, and say \\"one moment\\" before you look something up. '


def of_fields(count):
    return json.dumps(dict(list(FIELDS.items())[:count]), ensure_ascii=False)


def dense():
    """A body in each line, all different, with 44 to 57 fields in different orders."""
    chance = random.Random(1)
    every = {**FIELDS, **MORE}
    lines = []
    for number in range(DENSE_BODIES):
        names = chance.sample(list(every), chance.randint(FEWEST, len(every)))
        prompt = f"Assistant {number}. " + SENTENCE.replace('\\"', '"') * (DENSE_PROMPT // len(SENTENCE))
        own = {"name": f"Sales assistant {number}", "system_prompt": prompt, "max_duration": 20 + number, "mode": "multimodal"}
        lines.append(json.dumps({name: own.get(name, every[name]) for name in names}, ensure_ascii=False))
    return "\n".join(lines)


def creation():
    """A new assistant, with what Autocalls requires."""
    return json.dumps({**dict(list(FIELDS.items())[:USUAL]), "system_prompt": SENTENCE.replace('\\"', '"'), "voice_id": 2, "language_id": 1, "llm_model_id": 4})


def of_errors():
    """Every field with a value that no vendor accepts, and fields that do not exist."""
    wrong = {key: {"unknown": [None, 1.5e3, "\\u0000"]} for key in FIELDS}
    return json.dumps({**wrong, **{f"unknown_{number}": number for number in range(50)}})


def of_size(size):
    """The most common fields with a prompt that makes the update `size` bytes long; the smallest updates have fewer fields."""
    if size < 600:
        head, tail = '{"name":"Sales assistant","mode":"pipeline","system_prompt":"', '"}'
    else:
        usual = dict(list(FIELDS.items())[:USUAL])
        before, after = json.dumps(usual, ensure_ascii=False).split('"system_prompt": ""')
        head, tail = before + '"system_prompt": "', '"' + after
    room = size - len(head.encode()) - len(tail.encode())
    prompt = (SENTENCE * (room // len(SENTENCE) + 1))[:room]
    return head + prompt.rstrip("\\") + " " * (len(prompt) - len(prompt.rstrip("\\"))) + tail
