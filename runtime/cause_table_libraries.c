// SPDX-License-Identifier: Apache-2.0
// Causes in libraries whose own goroutines leak, while the mistake is in a caller that is not on
// their stack: net/http, database/sql, gRPC, clients of brokers and stores.
#include "runtime/cause_table.h"

const struct cause_rule cause_library_rules[] = {
	{
		.functions = {"net/http.(*persistConn).readLoop"},
		.waits = WAIT_BIT(WAIT_SELECT),
		.cause = {"http-body-unclosed", "HTTP response body not closed",
			"The response was handed out, and its body is neither read to its end nor "
			"closed; the connection and its two goroutines stay.",
			{"defer resp.Body.Close() behind the check of err",
				"read what is left (io.Copy to io.Discard) so that the connection "
				"is used "
				"again",
				"responses that are thrown away: status checks, retries, "
				"redirects"},
			{"bodyclose", "goleak"}},
	},
	{
		.functions = {"net/http.(*persistConn).readLoop"},
		.cause = {"http-client-idle", "idle connection of an HTTP client",
			"Normal: a kept-alive connection that waits for its next request or "
			"answer. A "
			"growing number is a new http.Transport (or Client) for every request.",
			{"one Transport for the whole program",
				"MaxIdleConnsPerHost, IdleConnTimeout",
				"CloseIdleConnections when a Transport is given up"},
			{"goleak"}},
	},
	{
		.functions = {"net/http.(*persistConn).writeLoop"},
		.cause = {"http-client-connection", "open connection of an HTTP client",
			"One for each connection. Where they grow, the readLoop beside it tells "
			"why: in "
			"select a response body is not closed, in IO wait the connection is idle.",
			{"the goroutines in net/http.(*persistConn).readLoop",
				"response bodies closed on every path",
				"one Transport for the whole program"},
			{"bodyclose", "goleak"}},
	},
	{
		.functions = {"net/http.(*http2clientStream).%", "%/http2.(*clientStream).%",
			"net/http/internal/http2.(*clientStream).%"},
		.cause = {"http2-stream-open", "HTTP/2 request that is not finished",
			"The answer has not come, or its body is neither read to its end nor "
			"closed.",
			{"resp.Body closed on every path", "a deadline on the request's context"},
			{"bodyclose", "goleak"}},
	},
	{
		.functions = {"net/http.(*http2clientConnReadLoop).%",
			"%/http2.(*clientConnReadLoop).%", "net/http.(*http2ClientConn).readLoop",
			"%/http2.(*ClientConn).readLoop"},
		.cause = {"http2-client-connection", "connection of an HTTP/2 client",
			"Normal: one for each connection. A growing number is a new Transport for "
			"every "
			"request.",
			{"one Transport for the whole program",
				"ReadIdleTimeout finds connections that are dead"},
			{"goleak"}},
	},
	{
		.functions = {"net/http.(*Transport).getConn"},
		.waits = WAITS_CHANNEL,
		.cause = {"http-no-connection", "HTTP request that waits for a connection",
			"MaxConnsPerHost is reached, usually because response bodies are not "
			"closed, or "
			"the dial itself hangs.",
			{"goroutines in persistConn.readLoop, and in dial",
				"MaxConnsPerHost against the number of parallel requests",
				"a deadline on the request's context"},
			{"bodyclose", "noctx"}},
	},
	{
		.functions = {"net/http.(*persistConn).roundTrip",
			"net/http.(*http2ClientConn).RoundTrip",
			"net/http.(*http2ClientConn).roundTrip", "%/http2.(*ClientConn).RoundTrip",
			"%/http2.(*ClientConn).roundTrip"},
		.waits = WAITS_CHANNEL,
		.cause = {"http-request-no-deadline", "HTTP request without a deadline",
			"The server is slow or silent, and neither the client nor the request's "
			"context "
			"ends the wait.",
			{"http.Client.Timeout, or http.NewRequestWithContext with a deadline",
				"Transport.ResponseHeaderTimeout", "the server that is called"},
			{"noctx"}},
	},
	{
		.functions = {"net/http.(*bodyEOFSignal).Read",
			"net/http.(*http2transportResponseBody).%",
			"%/http2.transportResponseBody.Read",
			"net/http.http2transportResponseBody.Read"},
		.cause = {"http-body-stalled", "HTTP response body that does not end",
			"The server keeps the answer open (a stream, or stuck in the middle), and "
			"no "
			"deadline covers the reading of the body.",
			{"http.Client.Timeout covers the body as well",
				"end a stream by cancelling the request's context"},
			{"noctx"}},
	},
	{
		.functions = {"net/http.(*connReader).backgroundRead"},
		.cause = {"http-handler-companion", "watcher of a running HTTP request",
			"One for each request in progress, to notice when the client goes away: "
			"the "
			"handler beside it is what does not end.",
			{"goroutines inside ServeHTTP"}},
	},
	{
		.functions = {"net/http.(*connReader).Read", "net/http.(*http2serverConn).%",
			"%/http2.(*serverConn).%"},
		.without = "%.ServeHTTP",
		.cause = {"http-server-idle", "idle connection of an HTTP client at this server",
			"Normal: kept-alive connections that wait for their next request, one for "
			"each "
			"client connection. Without timeouts slow or vanished clients stay.",
			{"Server.IdleTimeout and ReadHeaderTimeout",
				"number of clients and their pools"},
			{"gosec: G112", "gosec: G114"}},
	},
	{
		.functions = {"net/http.(*body).Read", "net/http.(*http2requestBody).Read"},
		.cause = {"http-upload-stalled", "request body that does not arrive",
			"A client sends its body slowly or not at all, and no deadline ends the "
			"read.",
			{"Server.ReadTimeout, or http.ResponseController.SetReadDeadline",
				"http.MaxBytesReader"},
			{"gosec: G114"}},
	},
	{
		.functions = {"net/http.checkConnErrorWriter.Write"},
		.waits = WAIT_BIT(WAIT_IO),
		.cause = {"http-response-stalled", "response that the client does not read",
			"The client is slow or gone, and no deadline ends the write.",
			{"Server.WriteTimeout, or http.ResponseController.SetWriteDeadline"},
			{"gosec: G114"}},
	},
	{
		.functions = {"database/sql.(*DB).connectionOpener",
			"database/sql.(*DB).connectionCleaner",
			"database/sql.(*DB).connectionResetter"},
		.cause = {"sql-db-not-closed", "sql.DB opened again and again",
			"Normal: one for each sql.DB, which is a pool for the life of the program. "
			"More "
			"of them come from sql.Open in a handler or a loop, without Close.",
			{"open one DB at the start and hand it around", "Close the DB where it is "
									"opened for a short time"},
			{"goleak"}},
	},
	{
		.functions = {"database/sql.(*Rows).awaitDone"},
		.cause = {"sql-rows-unclosed", "sql.Rows not closed",
			"A query's rows were left before their end without Close; the connection "
			"is "
			"taken out of the pool until the context ends.",
			{"defer rows.Close() behind the check of err",
				"QueryRow where one row is wanted", "a context that ends"},
			{"sqlclosecheck", "goleak"}},
	},
	{
		.functions = {"database/sql.(*Tx).awaitDone"},
		.cause = {"sql-tx-not-ended", "transaction neither committed nor rolled back",
			"A path returns between Begin and Commit without Rollback.",
			{"defer tx.Rollback() behind Begin: it does nothing after Commit"},
			{"goleak"}},
	},
	{
		.functions = {"database/sql.(*DB).conn"},
		.waits = WAITS_CHANNEL,
		.cause = {"sql-pool-exhausted", "database pool exhausted",
			"All connections (MaxOpenConns) are taken: by rows or transactions that "
			"were not "
			"ended, by a query inside the loop over another's rows, or by slow "
			"queries.",
			{"goroutines in Rows.awaitDone and Tx.awaitDone",
				"DB.Stats: WaitCount, InUse",
				"MaxOpenConns against the number of parallel requests"},
			{"sqlclosecheck"}},
	},
	{
		.functions = {"%google.golang.org/grpc.newClientStream%"},
		.waits = WAITS_CHANNEL,
		.cause = {"grpc-stream-abandoned", "gRPC stream abandoned",
			"A stream was opened and is neither received from until an error nor has "
			"its "
			"context been cancelled.",
			{"cancel the stream's context on every path", "call RecvMsg until it fails",
				"one context for each stream"},
			{"vet: lostcancel", "goleak"}},
	},
	{
		.functions = {"%/grpc/%transport.(*recvBufferReader).%"},
		.cause = {"grpc-receive-no-deadline", "gRPC receive without a deadline",
			"The other side sends nothing and does not end the call.",
			{"a deadline on the call's context",
				"keepalive parameters find peers that are "
				"gone",
				"the method that is called"},
			{"goleak"}},
	},
	{
		.functions = {"%/grpc/%transport.(*http2Client).NewStream",
			"%google.golang.org/grpc.(*pickerWrapper).pick",
			"%google.golang.org/grpc.(*ClientConn).waitForResolvedAddrs",
			"%google.golang.org/grpc.(*ClientConn).WaitForStateChange"},
		.waits = WAITS_CHANNEL,
		.cause = {"grpc-not-connected", "gRPC call that waits for a connection",
			"The server is not reachable and the call waits until it is "
			"(WaitForReady), or as many streams are open as the server allows.",
			{"a deadline on the call's context", "address and name of the server",
				"streams that are not ended (MaxConcurrentStreams)"},
			{"goleak"}},
	},
	{
		.functions = {"%/grpc/%transport.(*http2Server).%"},
		.without = "%.(*Server).handleStream",
		.cause = {"grpc-server-connection", "client connection at a gRPC server",
			"Normal: some for each client connection. They grow with clients that "
			"connect "
			"and do not disconnect.",
			{"keepalive.ServerParameters: MaxConnectionIdle, MaxConnectionAge",
				"clients that dial for each call"}},
	},
	{
		.functions = {"%/grpc/%transport.(*http2Client).reader",
			"%/grpc/%transport.(*http2Client).keepalive",
			"%/grpc/%transport.(*controlBuffer).get",
			"%/grpc/internal/grpcsync.(*CallbackSerializer).run",
			"%google.golang.org/grpc.(*addrConn).%",
			"%google.golang.org/grpc.(*cc%Wrapper).%"},
		.cause = {"grpc-connection", "goroutines of a gRPC connection",
			"Normal: about five for each connection. A growing number is a ClientConn "
			"made "
			"for each call and not closed.",
			{"one ClientConn for each server, kept",
				"defer conn.Close() where it is made for a short time"},
			{"goleak"}},
	},
	{
		.functions = {"golang.org/x/sync/errgroup.(*Group).Go",
			"golang.org/x/sync/errgroup.(*Group).TryGo"},
		.waits = WAIT_BIT(WAIT_CHAN_SEND),
		.place = CAUSE_LEAF,
		.cause = {"errgroup-limit", "errgroup whose limit is taken",
			"SetLimit members are running and none of them ends.",
			{"the goroutines created by errgroup.(*Group).Go",
				"members that start members of their own group wait for "
				"themselves"},
			{"goleak"}},
	},
	{
		.functions = {"golang.org/x/sync/errgroup.(*Group).Go.func1",
			"golang.org/x/sync/errgroup.(*Group).add.func1"},
		.waits = WAIT_BIT(WAIT_CHAN_SEND),
		.cause = {"errgroup-sender-blocked", "member of an errgroup that cannot send",
			"After the first error the receiver is gone, and the other members go on "
			"sending.",
			{"select on the group's ctx.Done() beside each send",
				"receive until the channel is closed"},
			{"goleak", "testing/synctest"}},
	},
	{
		.functions = {"golang.org/x/sync/errgroup.(*Group).Wait"},
		.cause = {"errgroup-wait", "errgroup with a member that does not return",
			"Wait waits for all members, also after the first error.",
			{"the goroutines created by errgroup.(*Group).Go",
				"members that do not watch the group's context"},
			{"goleak"}},
	},
	{
		.functions = {"golang.org/x/sync/semaphore.(*Weighted).Acquire"},
		.cause = {"semaphore-exhausted", "semaphore exhausted",
			"Holders do not release: an early return without Release, or they are "
			"blocked "
			"themselves; or more is asked for than there is.",
			{"defer Release right behind Acquire",
				"a context with a deadline in Acquire",
				"what the holders wait for"},
			{"goleak"}},
	},
	{
		.functions = {"golang.org/x/sync/singleflight.(*Group).Do"},
		.waits = WAIT_BIT(WAIT_WAITGROUP) | WAIT_BIT(WAIT_SEMAPHORE),
		.cause = {"singleflight-wait", "callers behind one call of singleflight",
			"One call hangs, and all with the same key wait for it.",
			{"the goroutine inside singleflight.(*Group).doCall",
				"DoChan with a select on ctx.Done(); a deadline inside the call"}},
	},
	{
		.functions = {"%/sarama.%", "github.com/segmentio/kafka-go.%",
			"%/confluent-kafka-go%", "github.com/twmb/franz-go/%"},
		.place = CAUSE_SITE,
		.cause = {"kafka-client", "goroutines of a Kafka client",
			"Normal: some for each client, broker and partition. A growing number is a "
			"client, producer or consumer made for each message and not closed.",
			{"one producer for the program; Close what is given up",
				"sarama: Successes() and Errors() must be received from when they "
				"are on"},
			{"goleak"}},
	},
	{
		.functions = {"%/pool.(*ConnPool).waitTurn", "%/redis.(*Pool).waitVacantConn"},
		.cause = {"redis-pool-exhausted", "Redis pool exhausted",
			"All connections are in use: connections or subscriptions not given back, "
			"blocking commands, or a slow server.",
			{"PoolSize against parallel requests",
				"connections and PubSub closed on every "
				"path"},
			{"goleak"}},
	},
	{
		.functions = {"github.com/redis/go-redis/%.(*channel).%",
			"github.com/redis/go-redis/%.(*PubSub).%",
			"github.com/go-redis/redis/%.(*channel).%",
			"github.com/go-redis/redis/%.(*PubSub).%"},
		.place = CAUSE_SITE,
		.cause = {"redis-subscription-unclosed", "Redis subscription not closed",
			"Subscribe was called for each request, and Close of the PubSub was not.",
			{"defer pubsub.Close()", "one subscription shared by all requests"},
			{"goleak"}},
	},
	{
		.functions = {"github.com/nats-io/nats%"},
		.place = CAUSE_SITE,
		.cause = {"nats-client", "goroutines of a NATS connection",
			"Normal: a few for each connection and one for each subscription. A "
			"growing "
			"number is a connection or subscription that is not closed.",
			{"Unsubscribe or Drain each subscription",
				"one connection for the program"},
			{"goleak"}},
	},
	{
		.functions = {"%/amqp091-go.%", "github.com/streadway/amqp.%"},
		.place = CAUSE_SITE,
		.cause = {"amqp-client", "goroutines of an AMQP connection or channel",
			"A connection or channel was opened and not closed, or a consumer's "
			"deliveries "
			"are no longer received, which blocks the reader of the whole connection.",
			{"Close connections and channels",
				"receive deliveries until they are closed"},
			{"goleak"}},
	},
	{
		.functions = {"%/clientv3.(*watch%", "%/clientv3.(*lessor).%",
			"%/clientv3.(*lessKeepAlive).%"},
		.place = CAUSE_SITE,
		.cause = {"etcd-watch", "watch or lease of an etcd client",
			"A watch or KeepAlive lives until its context is cancelled or the client "
			"is "
			"closed.",
			{"cancel the context given to Watch and KeepAlive", "Close the client",
				"receive from the watch's channel until it is closed"},
			{"vet: lostcancel", "goleak"}},
	},
	{
		.functions = {"k8s.io/apimachinery/pkg/watch.(*%", "k8s.io/client-go/rest/watch.%"},
		.place = CAUSE_SITE,
		.cause = {"watch-not-stopped", "Kubernetes watch not stopped",
			"The loop over ResultChan was left without Stop, or it is no longer "
			"received "
			"from.",
			{"defer watcher.Stop()", "an informer instead of watches of one's own"},
			{"goleak"}},
	},
	{
		.functions = {"k8s.io/client-go/tools/cache.%", "k8s.io/client-go/informers%",
			"k8s.io/client-go/util/workqueue.%"},
		.place = CAUSE_SITE,
		.cause = {"informer", "goroutines of a Kubernetes informer",
			"Normal: about a dozen for each informer. A growing number is an informer "
			"or "
			"work queue made again and again, whose stop channel is never closed.",
			{"one SharedInformerFactory for the program",
				"close the stop channel; factory.Shutdown; queue.ShutDown"},
			{"goleak"}},
	},
	{
		.functions = {"k8s.io/apimachinery/pkg/util/wait.%"},
		.place = CAUSE_SITE,
		.cause = {"wait-until", "periodic function that is never told to stop",
			"wait.Until and its kin run until their stop channel is closed or the "
			"context "
			"ends.",
			{"the stop channel or context given to it (wait.NeverStop?)",
				"who starts it, and how often"},
			{"goleak"}},
	},
	{
		.functions = {"github.com/fsnotify/fsnotify.%"},
		.place = CAUSE_SITE,
		.cause = {"fsnotify-unclosed", "fsnotify watcher not closed",
			"Normal: one or two for each watcher; a growing number are watchers made "
			"and "
			"not closed, or whose Events and Errors are not received.",
			{"defer watcher.Close()", "receive both Events and Errors"}, {"goleak"}},
	},
	{
		.functions = {"cloud.google.com/go/pubsub%"},
		.place = CAUSE_SITE,
		.cause = {"pubsub-receive", "Pub/Sub subscription that is still received from",
			"Receive returns only when its context ends and all callbacks have "
			"returned.",
			{"cancel the context given to Receive", "callbacks that block",
				"Stop each topic, Close the client"},
			{"vet: lostcancel", "goleak"}},
	},
	{
		.functions = {"github.com/gorilla/websocket.(*Conn).%",
			"github.com/coder/websocket.%", "nhooyr.io/websocket.%"},
		.place = CAUSE_SITE,
		.cause = {"websocket-no-deadline", "WebSocket whose peer is silent",
			"Normal for open sessions. Where they grow, peers vanish without a close "
			"frame "
			"and no deadline or ping finds out.",
			{"SetReadDeadline, put off by each pong", "pings from this side",
				"end reader and writer of a session together"},
			{"goleak"}},
	},
	{
		.functions = {"go.mongodb.org/mongo-driver/%"},
		.place = CAUSE_SITE,
		.cause = {"mongo-client", "goroutines of a MongoDB client",
			"Normal: some for each client and server. A growing number is a client "
			"made "
			"for each request and not disconnected.",
			{"one client for the program",
				"Disconnect what is given up; close cursors"},
			{"goleak"}},
	},
	{
		.functions = {"%lumberjack%.(*Logger).millRun"},
		.cause = {"lumberjack-logger", "lumberjack logger made again and again",
			"Each logger that has rotated keeps one goroutine, also after Close.",
			{"one logger for each file, kept"}, {"goleak"}},
	},
	{
		.functions = {"go.opencensus.io/stats/view.(*worker).start",
			"%glog.(*%).flushDaemon", "k8s.io/klog%.(*flushDaemon).run%",
			"k8s.io/klog%.(*loggingT).flushDaemon"},
		.cause = {"library-worker", "worker that a library starts once",
			"Normal: one for the whole program."},
	},
};

const size_t cause_library_rule_count = sizeof cause_library_rules / sizeof *cause_library_rules;
