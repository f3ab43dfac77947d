package peer;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.Properties;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.BinaryDecoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.params.SetParams;

/** Consume, decode, ask for consent, dedupe in Redis, map, produce: exactly once, a decision for each event. */
public final class Route implements Processor<byte[], byte[], byte[], byte[]> {
  static String at(String name) {
    return System.getProperty(name);
  }

  public static void main(String[] args) throws Exception {
    Schema schema = new Schema.Parser().parse(new java.io.File(at("schema")));
    Properties p = new Properties();
    p.put(StreamsConfig.APPLICATION_ID_CONFIG, at("group"));
    p.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, at("brokers"));
    p.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
    p.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 2); // as many sessions as Sluice has
    p.put(StreamsConfig.STATE_DIR_CONFIG, at("state"));
    p.put(StreamsConfig.consumerPrefix("auto.offset.reset"), "earliest");
    p.put(StreamsConfig.consumerPrefix("max.poll.records"), 5000);
    p.put(StreamsConfig.producerPrefix(ProducerConfig.COMPRESSION_TYPE_CONFIG), "snappy");
    p.put(StreamsConfig.producerPrefix(ProducerConfig.BATCH_SIZE_CONFIG), 1 << 20);
    p.put(StreamsConfig.producerPrefix(ProducerConfig.LINGER_MS_CONFIG), 5);

    var bytes = Serdes.ByteArray();
    var builder = new StreamsBuilder();
    var out = builder.stream(at("from"), Consumed.with(bytes, bytes)).process(() -> new Route(schema));
    // A decision begins with 'd', a delivery with '{'.
    out.split()
        .branch((k, v) -> v[0] == 'd', org.apache.kafka.streams.kstream.Branched.withConsumer(s -> s.to(at("decisions"), Produced.with(bytes, bytes))))
        .defaultBranch(org.apache.kafka.streams.kstream.Branched.withConsumer(s -> s.to(at("to"), Produced.with(bytes, bytes))));
    var streams = new KafkaStreams(builder.build(), p);
    streams.setUncaughtExceptionHandler(e -> {
      e.printStackTrace();
      return org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
    });
    streams.setStateListener((now, before) -> {
      if (now == KafkaStreams.State.RUNNING) System.out.println("ready");
      if (now == KafkaStreams.State.ERROR) System.exit(1);
    });
    streams.start();
    System.in.read(); // until whoever started this closes it
    streams.close();
  }

  private final ObjectMapper json = new ObjectMapper();
  private final GenericDatumReader<GenericRecord> reader;
  private final Jedis redis = new Jedis(at("redis").split(":")[0], Integer.parseInt(at("redis").split(":")[1]));
  private final SetParams claim = new SetParams().nx().px(7L * 24 * 3600 * 1000);
  private ProcessorContext<byte[], byte[]> context;
  private BinaryDecoder decoder;
  private GenericRecord event;

  Route(Schema schema) {
    reader = new GenericDatumReader<>(schema);
  }

  @Override
  public void init(ProcessorContext<byte[], byte[]> context) {
    this.context = context;
  }

  @Override
  public void close() {
    redis.close();
  }

  @Override
  public void process(Record<byte[], byte[]> r) {
    try { // five bytes of framing: a zero and the schema's id
      decoder = DecoderFactory.get().binaryDecoder(r.value(), 5, r.value().length - 5, decoder);
      event = reader.read(event, decoder);
      if (!"transaction.purchase".equals(event.get("event_name").toString())) return;
      String id = event.get("event_id").toString();
      String status = decide(id);
      if (status.equals("queued")) {
        context.forward(r.withValue(json.writeValueAsBytes(map(id))));
      }
      context.forward(r.withValue(("decision," + id + "," + status + "," + event.get("event_time")).getBytes(StandardCharsets.UTF_8)));
    } catch (Exception e) {
      throw new RuntimeException("routing a record", e);
    }
  }

  private String decide(String id) throws Exception {
    var consent = (GenericRecord) event.get("consent");
    if (consent == null || !"granted".equals(String.valueOf(consent.get("ad_user_data")))) return "skipped";
    byte[] key = MessageDigest.getInstance("SHA-256").digest((event.get("customer_id") + "|" + id).getBytes(StandardCharsets.UTF_8));
    return redis.set(java.util.Arrays.copyOf(key, 16), new byte[] {'1'}, claim) == null ? "duplicate" : "queued";
  }

  private ObjectNode map(String id) throws Exception {
    ObjectNode e = json.createObjectNode().put("event_name", "Purchase").put("event_id", id).put("action_source", "website");
    e.put("event_time", (Long) event.get("event_time") / 1000).put("event_source_url", text("page", "url"));
    ObjectNode user = e.putObject("user_data");
    var identity = (GenericRecord) event.get("identity");
    for (Object v : (List<?>) identity.get("emails")) user.putArray("em").add(hash(v.toString().strip().toLowerCase(java.util.Locale.ROOT)));
    for (Object v : (List<?>) identity.get("phones")) user.putArray("ph").add(hash(v.toString().replaceAll("[^0-9]", "")));
    String[][] names = {{"fn", "first_name"}, {"ln", "last_name"}, {"ct", "city"}, {"zp", "postal_code"}, {"country", "country"}};
    for (String[] n : names) user.putArray(n[0]).add(hash(identity.get(n[1]).toString().strip().toLowerCase(java.util.Locale.ROOT)));
    user.put("client_ip_address", text("device", "ip")).put("client_user_agent", text("device", "user_agent"));
    var commerce = (GenericRecord) event.get("commerce");
    ObjectNode custom = e.putObject("custom_data");
    custom.put("currency", text("commerce", "currency")).put("value", (Double) commerce.get("value")).put("order_id", text("commerce", "transaction_id"));
    for (Object item : (List<?>) commerce.get("items")) {
      var i = (GenericRecord) item;
      custom.withArray("contents").addObject().put("id", String.valueOf(i.get("id"))).put("quantity", (Long) i.get("quantity")).put("item_price", (Double) i.get("price"));
    }
    return e;
  }

  private String text(String record, String field) {
    Object v = ((GenericRecord) event.get(record)).get(field);
    return v == null ? null : v.toString();
  }

  private static String hash(String v) throws Exception {
    return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(v.getBytes(StandardCharsets.UTF_8)));
  }
}
