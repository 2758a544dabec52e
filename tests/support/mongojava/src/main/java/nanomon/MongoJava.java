package nanomon;

import de.bwaldvogel.mongo.MongoServer;
import de.bwaldvogel.mongo.ServerVersion;
import de.bwaldvogel.mongo.backend.memory.MemoryBackend;
import java.io.OutputStream;
import java.util.concurrent.CountDownLatch;

/**
 * Runs mongo-java-server as a stand-in for MongoDB in tests. It stores its data in memory and has change streams.
 *
 * <p>Arguments: {@code -listen host:port} (port 0 chooses a free one) and {@code -tied} (exit when standard input is
 * closed, so that the server can't outlive its parent). It prints the URI to connect to as its first line.
 */
public final class MongoJava {
    private MongoJava() {}

    public static void main(String[] arguments) throws Exception {
        System.setProperty("org.slf4j.simpleLogger.defaultLogLevel", "off");
        String listen = "127.0.0.1:27017";
        boolean tied = false;
        for (int i = 0; i < arguments.length; i++) {
            if (arguments[i].equals("-tied")) {
                tied = true;
            } else if (arguments[i].equals("-listen") && i + 1 < arguments.length) {
                listen = arguments[++i];
            } else {
                System.err.println("usage: mongojava [-listen host:port] [-tied]");
                System.exit(2);
            }
        }
        serve(listen, tied);
        System.exit(0);
    }

    private static void serve(String listen, boolean tied) throws Exception {
        int colon = listen.lastIndexOf(':');
        MongoServer server = new MongoServer(new MemoryBackend().version(ServerVersion.MONGO_5_0));
        server.enableOplog();
        server.bind(listen.substring(0, colon), Integer.parseInt(listen.substring(colon + 1)));
        System.out.println(server.getConnectionString());
        if (tied) {
            System.in.transferTo(OutputStream.nullOutputStream());
        } else {
            new CountDownLatch(1).await();
        }
    }
}
