"""Reads the diagnostics topic as a customer's own program would.

Nothing here is Sluice's: librdkafka speaks to Kafka, fastavro decodes. Every
record must be framed for the Schema Registry, decode with the schema that the
registry gives for its id, and be what schemas/diagnostic.avsc promises.

  consume.py --brokers HOST:PORT --registry URL --schema schemas/diagnostic.avsc --expect COUNT
"""

import argparse
import collections
import io
import json
import struct
import sys
import time
import urllib.request

import confluent_kafka
import fastavro
from fastavro.validation import validate

# How long the topic may take to show what is expected.
PATIENCE_SECONDS = 60


def fetch_schema(registry, schema_id):
    with urllib.request.urlopen(f"{registry}/schemas/ids/{schema_id}", timeout=10) as answer:
        return json.loads(json.load(answer)["schema"])


def records(brokers, topic, expect):
    """Yields committed records from the beginning until the topic's end, but at least `expect`."""
    consumer = confluent_kafka.Consumer({
        "bootstrap.servers": brokers,
        "group.id": "not-sluice",
        "auto.offset.reset": "earliest",
        "enable.auto.commit": False,
        "enable.partition.eof": True,
        "isolation.level": "read_committed",
    })
    consumer.subscribe([topic])
    partitions = len(consumer.list_topics(topic, timeout=10).topics[topic].partitions)
    seen, at_end, deadline = 0, set(), time.monotonic() + PATIENCE_SECONDS
    try:
        while seen < expect or len(at_end) < partitions:
            if time.monotonic() > deadline:
                sys.exit(f"only {seen} records of {expect} within {PATIENCE_SECONDS} s")
            message = consumer.poll(1)
            if message is None:
                continue
            if message.error():
                if message.error().code() != confluent_kafka.KafkaError._PARTITION_EOF:
                    sys.exit(f"reading {topic}: {message.error()}")
                at_end.add(message.partition())
                continue
            seen += 1
            yield message
    finally:
        consumer.close()


def check(message, promised, schemas, registry):
    """Decodes one record with the writer's schema and reads it as the committed one."""
    value = message.value()
    magic, schema_id = struct.unpack(">bI", value[:5])
    assert magic == 0, f"magic byte {magic}"
    if schema_id not in schemas:
        text = fetch_schema(registry, schema_id)
        names = [f["name"] for f in text["fields"]]
        assert names == [f["name"] for f in promised["fields"]], "the registered schema is not schemas/diagnostic.avsc"
        schemas[schema_id] = fastavro.parse_schema(text)
    body = io.BytesIO(value[5:])
    record = fastavro.schemaless_reader(body, schemas[schema_id], fastavro.parse_schema(promised))
    assert not body.read(1), "bytes are left after the record"
    validate(record, fastavro.parse_schema(promised), strict=True)
    for field in ("decision_id", "stage", "status", "reason"):
        assert record[field], f"{field} is empty"
    key = (message.key() or b"").decode()
    assert key.split(":", 1)[0] == record["destination_id"], f"the key belongs to {key.split(':', 1)[0]}"
    return record


def main():
    flags = argparse.ArgumentParser()
    for name in ("brokers", "registry", "schema"):
        flags.add_argument("--" + name, required=True)
    flags.add_argument("--topic", default="sluice.diagnostics")
    flags.add_argument("--expect", type=int, required=True)
    flags = flags.parse_args()
    with open(flags.schema, encoding="utf-8") as f:
        promised = json.load(f)
    schemas, ids, counts = {}, set(), collections.Counter()
    for message in records(flags.brokers, flags.topic, flags.expect):
        try:
            record = check(message, promised, schemas, flags.registry)
        except Exception as problem:
            sys.exit(f"{message.topic()}/{message.partition()}@{message.offset()}: {type(problem).__name__}: {problem}")
        ids.add(record["decision_id"])
        counts[record["stage"] + " " + record["status"]] += 1
    assert sum(counts.values()) == len(ids), "a decision stands there twice"
    print(f"{len(ids)} diagnostics are what schemas/diagnostic.avsc promises: {dict(counts)}")


main()
