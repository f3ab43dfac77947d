package peer;

import java.io.ByteArrayOutputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** Posts what Route has written, in batches; commits after the answers. It retries nothing, checks no consent again and writes no outcome. */
public final class Send {
  public static void main(String[] args) throws Exception {
    int most = Integer.getInteger("batch");
    var http = HttpClient.newHttpClient();
    var consumer = new KafkaConsumer<>(Map.<String, Object>of(
        "bootstrap.servers", Route.at("brokers"), "group.id", Route.at("group"), "auto.offset.reset", "earliest",
        "enable.auto.commit", false, "isolation.level", "read_committed", "max.poll.records", 5000),
        new ByteArrayDeserializer(), new ByteArrayDeserializer());
    consumer.subscribe(List.of(Route.at("from")));
    var stop = new Thread(() -> {
      try {
        System.in.read(); // until whoever started this closes it
      } catch (java.io.IOException e) {
        e.printStackTrace();
      }
      consumer.wakeup();
    });
    stop.setDaemon(true);
    stop.start();
    System.out.println("ready");
    List<ConsumerRecord<byte[], byte[]>> waiting = new ArrayList<>();
    try (consumer) {
      while (true) {
        var polled = consumer.poll(Duration.ofMillis(200));
        polled.forEach(waiting::add);
        // What is left over waits for more, until nothing more comes.
        while (waiting.size() >= most || polled.isEmpty() && !waiting.isEmpty()) {
          var batch = waiting.subList(0, Math.min(most, waiting.size()));
          post(http, batch);
          batch.clear();
        }
        if (waiting.isEmpty()) consumer.commitSync();
      }
    } catch (org.apache.kafka.common.errors.WakeupException e) {
      return;
    }
  }

  private static void post(HttpClient http, List<ConsumerRecord<byte[], byte[]>> batch) throws Exception {
    var body = new ByteArrayOutputStream();
    body.write("{\"data\":[".getBytes(StandardCharsets.UTF_8));
    for (int i = 0; i < batch.size(); i++) {
      if (i > 0) body.write(',');
      body.write(batch.get(i).value());
    }
    body.write("]}".getBytes(StandardCharsets.UTF_8));
    var request = HttpRequest.newBuilder(URI.create(Route.at("url"))).header("Content-Type", "application/json")
        .POST(HttpRequest.BodyPublishers.ofByteArray(body.toByteArray())).build();
    var answer = http.send(request, HttpResponse.BodyHandlers.ofString());
    if (answer.statusCode() != 200) throw new IllegalStateException("the provider answered " + answer.statusCode());
  }
}
