import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.Future;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.clients.producer.internals.BuiltInPartitioner;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.utils.Utils;

/**
 * The hashes and partitions of keys in Kafka's Java client. The keys depend only on the seed. Each line has one key and its
 * results, separated by tabs.
 *
 * hash SEED COUNT PARTITIONS...            base64 of the key, murmur2, partition for each number of partitions
 * send SEED COUNT BOOTSTRAP_SERVERS TOPIC  base64 of the key (UTF-8 text), partition that a real KafkaProducer sent it to
 */
public class Keys {
  public static void main(String[] arguments) throws Exception {
    long seed = Long.parseLong(arguments[1]);
    int count = Integer.parseInt(arguments[2]);
    StringBuilder out = new StringBuilder();
    if (arguments[0].equals("hash")) {
      for (byte[] key : keys(seed, count, false)) {
        out.append(Base64.getEncoder().encodeToString(key)).append('\t').append(Utils.murmur2(key));
        for (String partitions : Arrays.copyOfRange(arguments, 3, arguments.length)) {
          out.append('\t').append(BuiltInPartitioner.partitionForKey(key, Integer.parseInt(partitions)));
        }
        out.append('\n');
      }
    } else {
      Map<String, Object> settings = Map.of("bootstrap.servers", arguments[3], "linger.ms", 20);
      List<byte[]> keys = keys(seed, count, true);
      List<Future<RecordMetadata>> sent = new ArrayList<>();
      try (var producer = new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer())) {
        for (byte[] key : keys) sent.add(producer.send(new ProducerRecord<>(arguments[4], key, new byte[] {1})));
      }
      for (int n = 0; n < keys.size(); n++) {
        String key = Base64.getEncoder().encodeToString(keys.get(n));
        out.append(key).append('\t').append(sent.get(n).get().partition()).append('\n');
      }
    }
    System.out.print(out);
  }

  /** All different: the empty one, then bytes of any kind, ASCII, and text of all the world, up to 40 bytes or so. */
  private static List<byte[]> keys(long seed, int count, boolean onlyText) {
    Random random = new Random(seed);
    Set<ByteBuffer> seen = new HashSet<>();
    List<byte[]> keys = new ArrayList<>();
    for (byte[] key = new byte[0]; keys.size() < count; key = key(random, onlyText)) {
      if (seen.add(ByteBuffer.wrap(key))) keys.add(key);
    }
    return keys;
  }

  private static byte[] key(Random random, boolean onlyText) {
    int length = random.nextInt(40);
    switch (random.nextInt(onlyText ? 3 : 4)) {
      case 0:
        return ("key" + random.nextInt(1_000_000)).getBytes(StandardCharsets.UTF_8);
      case 1:
        return text(random, length, 0x20, 0x7f);
      case 2:
        // Two, three and four bytes each: Latin to Cyrillic, Han, emoji.
        int script = random.nextInt(3);
        int from = new int[] {0xa1, 0x4e00, 0x1f300}[script];
        int to = new int[] {0x52f, 0x9fff, 0x1f64f}[script];
        return text(random, length / 4, from, to);
      default:
        byte[] bytes = new byte[length];
        random.nextBytes(bytes);
        return bytes;
    }
  }

  private static byte[] text(Random random, int characters, int from, int to) {
    StringBuilder text = new StringBuilder();
    for (int n = 0; n < characters; n++) text.appendCodePoint(from + random.nextInt(to - from));
    return text.toString().getBytes(StandardCharsets.UTF_8);
  }
}
