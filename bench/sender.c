/* Sends queries and times the answers: where dnsperf is itself too slow (saturation), has no percentiles (latency), or
 * cannot be many clients. One thread, one socket, up to 64 datagrams a system call. Prints one JSON object.
 *
 * What it measures is the server's time, not its own: an answer has come when the kernel says that it came, however
 * late it is read; where it sends at a rate on a core of its own, it comes before everything else there (SCHED_FIFO, if it
 * may), so that queries leave when they should; and where it was held up all the same, it goes on at the rate and does not
 * send what it has missed in one burst, which would be another rate.
 *
 * Usage: sender <port> <queries> <seconds> <window> <rate> <clients> <skip> <core>
 *   queries  a file of lines "name type"
 *   window   at most so many queries are on their way
 *   rate     queries a second; 0 for as many as the window lets through
 *   clients  source addresses, from 127.1.0.1 on; 1 for 127.0.0.1
 *   skip     start at this line, round the end of the file
 *   core     "own", or "shared" with the server
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum { BATCH = 64, PACKET_MAX = 4096, IDS = 65536, SECOND = 1000000000, QUESTION_MAX = 260 };

/* Where it sends at a rate it sleeps at least so long in between: it must leave its core to others. */
static const int64_t PAUSE = 50000;
/* Held up for longer, it lets what it has missed be. */
static const int64_t LATE = 1000000;
/* After so long a query counts as lost: dnsperf's default. */
static const int64_t LOST_AFTER = 5ll * SECOND;

struct query {
  uint16_t length;
  unsigned char bytes[12 + QUESTION_MAX];
};
struct flight {
  int64_t sent; /* 0: this ID is free */
  uint32_t query;
};

static struct query *queries;
static size_t query_count;
static struct flight flights[IDS];
static uint32_t *latencies; /* tenths of a microsecond */
static size_t latency_count, latency_room;
static unsigned char received[BATCH][PACKET_MAX];

static int64_t nanoseconds(const struct timespec *time) { return (int64_t)time->tv_sec * SECOND + time->tv_nsec; }

/* By the clock that the kernel stamps datagrams with. */
static int64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_REALTIME, &time);
  return nanoseconds(&time);
}

static void sleep_until(int64_t time) {
  const struct timespec until = {time / SECOND, time % SECOND};
  clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &until, NULL);
}

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static int type_number(const char *type) {
  static const struct {
    const char *name;
    int number;
  } types[] = {{"A", 1}, {"AAAA", 28}, {"HTTPS", 65}};
  for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
    if (strcmp(types[i].name, type) == 0) return types[i].number;
  }
  fprintf(stderr, "unknown type %s\n", type);
  exit(1);
}

/* One question, RD set, no EDNS, as dnsperf sends it. */
static void make_query(struct query *query, const char *name, int type) {
  unsigned char *at = query->bytes;
  memset(at, 0, 12);
  at[2] = 1; /* RD */
  at[5] = 1; /* one question */
  at += 12;
  for (const char *label = name; *label != 0;) {
    size_t size = strcspn(label, ".");
    *at++ = size;
    memcpy(at, label, size);
    at += size;
    label += size + (label[size] == '.');
  }
  memcpy(at, (unsigned char[]){0, 0, type, 0, 1}, 5);
  query->length = at + 5 - query->bytes;
}

static void read_queries(const char *path) {
  FILE *file = fopen(path, "r");
  if (file == NULL) fail(path);
  char name[256], type[16];
  size_t room = 0;
  while (fscanf(file, "%253s %15s", name, type) == 2) {
    if (query_count == room) {
      room = room == 0 ? 1024 : 2 * room;
      queries = realloc(queries, room * sizeof *queries);
      if (queries == NULL) fail("memory");
    }
    make_query(&queries[query_count++], name, type_number(type));
  }
  fclose(file);
  if (query_count == 0) {
    fprintf(stderr, "no queries in %s\n", path);
    exit(1);
  }
}

/* When the kernel took the datagram in. */
static int64_t arrival(struct msghdr *message) {
  for (struct cmsghdr *part = CMSG_FIRSTHDR(message); part != NULL; part = CMSG_NXTHDR(message, part)) {
    if (part->cmsg_level == SOL_SOCKET && part->cmsg_type == SCM_TIMESTAMPNS) {
      return nanoseconds((struct timespec *)CMSG_DATA(part));
    }
  }
  fprintf(stderr, "an answer without a time\n");
  exit(1);
}

static void keep_latency(int64_t nanoseconds) {
  if (latency_count == latency_room) {
    latency_room = latency_room == 0 ? 1 << 16 : 2 * latency_room;
    latencies = realloc(latencies, latency_room * sizeof *latencies);
    if (latencies == NULL) fail("memory");
  }
  latencies[latency_count++] = nanoseconds < 0 ? 0 : nanoseconds / 100;
}

static int by_size(const void *a, const void *b) {
  uint32_t one = *(const uint32_t *)a, other = *(const uint32_t *)b;
  return (one > other) - (one < other);
}

/* In microseconds. */
static double percentile(double share) {
  if (latency_count == 0) return 0;
  size_t at = share * latency_count;
  return latencies[at < latency_count ? at : latency_count - 1] / 10.0;
}

int main(int count, char **arguments) {
  if (count != 9) return 2;
  read_queries(arguments[2]);
  const double seconds = atof(arguments[3]), rate = atof(arguments[5]);
  const int window = atoi(arguments[4]), clients = atoi(arguments[6]);
  size_t next = strtoul(arguments[7], NULL, 10) % query_count;
  if (window < 1 || window > IDS / 2 || clients < 1 || clients > 1 << 20) return 2;

  int sock = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
  int size = 8 << 20;
  setsockopt(sock, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
  if (setsockopt(sock, SOL_SOCKET, SO_TIMESTAMPNS, &(int){1}, sizeof(int)) != 0) fail("SO_TIMESTAMPNS");
  if (rate > 0 && strcmp(arguments[8], "own") == 0)
    sched_setscheduler(0, SCHED_FIFO, &(struct sched_param){1}); /* if it may: bench/machine.ts says whether */
  struct sockaddr_in own = {.sin_family = AF_INET};
  if (clients == 1) own.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(sock, (struct sockaddr *)&own, sizeof own) != 0) fail("bind");
  struct sockaddr_in server = {.sin_family = AF_INET, .sin_port = htons(atoi(arguments[1]))};
  server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);

  struct mmsghdr out[BATCH], in[BATCH];
  struct iovec out_part[BATCH], in_part[BATCH];
  static unsigned char packets[BATCH][12 + QUESTION_MAX];
  union {
    char bytes[CMSG_SPACE(sizeof(struct in_pktinfo))];
    struct cmsghdr aligned;
  } source[BATCH];
  memset(source, 0, sizeof source);
  static union {
    char bytes[CMSG_SPACE(sizeof(struct timespec))];
    struct cmsghdr aligned;
  } stamps[BATCH];
  for (int i = 0; i < BATCH; i++) {
    out[i].msg_hdr = (struct msghdr){&server, sizeof server, &out_part[i], 1, NULL, 0, 0};
    in_part[i] = (struct iovec){received[i], PACKET_MAX};
    in[i].msg_hdr = (struct msghdr){NULL, 0, &in_part[i], 1, NULL, 0, 0};
    if (clients > 1) {
      out[i].msg_hdr.msg_control = source[i].bytes;
      out[i].msg_hdr.msg_controllen = sizeof source[i].bytes;
      *CMSG_FIRSTHDR(&out[i].msg_hdr) = (struct cmsghdr){
          .cmsg_len = CMSG_LEN(sizeof(struct in_pktinfo)), .cmsg_level = IPPROTO_IP, .cmsg_type = IP_PKTINFO};
    }
  }

  uint16_t id = 0;
  long sent = 0, answered = 0, lost = 0, wrong = 0, failed = 0;
  int in_flight = 0;
  const int64_t start = now(), end = start + (int64_t)(seconds * SECOND);
  int64_t held_up = 0;
  int64_t time = start, last_answer = start, next_sweep = start + SECOND / 10;
  for (;;) {
    if (rate > 0) {
      const int64_t due = start + held_up + (int64_t)(sent / rate * SECOND);
      sleep_until(time < end && due > time + PAUSE ? (due < end ? due : end) : time + PAUSE);
      time = now();
      if (time - due > LATE) held_up += time - due;
    }
    const int sending = time < end;
    if (!sending && in_flight == 0) break;
    int batch = 0;
    if (sending) {
      batch = window - in_flight < BATCH ? window - in_flight : BATCH;
      if (rate > 0) {
        const long due = (time - start - held_up) / 1e9 * rate + 1 - sent;
        if (due < batch) batch = due < 0 ? 0 : due;
      }
    }
    for (int i = 0; i < batch; i++) {
      while (flights[id].sent != 0) id++;
      const struct query *query = &queries[next];
      memcpy(packets[i], query->bytes, query->length);
      packets[i][0] = id >> 8;
      packets[i][1] = id & 0xff;
      out_part[i] = (struct iovec){packets[i], query->length};
      if (clients > 1) {
        struct in_pktinfo *info = (struct in_pktinfo *)CMSG_DATA(CMSG_FIRSTHDR(&out[i].msg_hdr));
        info->ipi_spec_dst.s_addr = htonl(0x7f010001 + (sent + i) % clients);
      }
      flights[id] = (struct flight){time, next};
      next = next + 1 == query_count ? 0 : next + 1;
      id++;
    }
    for (int done = 0; done < batch;) {
      const int some = sendmmsg(sock, out + done, batch - done, 0);
      if (some > 0) done += some; /* a full buffer: try again, the server is what we wait for */
    }
    sent += batch;
    in_flight += batch;

    for (int i = 0; i < BATCH; i++) {
      in[i].msg_hdr.msg_control = stamps[i].bytes;
      in[i].msg_hdr.msg_controllen = sizeof stamps[i].bytes;
    }
    const int replies = recvmmsg(sock, in, BATCH, MSG_DONTWAIT, NULL);
    time = now();
    for (int i = 0; i < replies; i++) {
      const unsigned char *reply = received[i];
      const unsigned length = in[i].msg_len;
      struct flight *flight = &flights[reply[0] << 8 | reply[1]];
      if (length < 12 || flight->sent == 0) {
        wrong++;
        continue;
      }
      const struct query *query = &queries[flight->query];
      if (length < query->length || !(reply[2] & 0x80) || memcmp(reply + 12, query->bytes + 12, query->length - 12) != 0) {
        wrong++;
        continue;
      }
      const int rcode = reply[3] & 15;
      if (rcode != 0 && rcode != 3) failed++; /* neither NOERROR nor NXDOMAIN */
      const int64_t came = arrival(&in[i].msg_hdr);
      keep_latency(came - flight->sent);
      flight->sent = 0;
      in_flight--;
      answered++;
      if (came > last_answer) last_answer = came;
    }
    if (time >= next_sweep) {
      next_sweep = time + SECOND / 10;
      for (int i = 0; i < IDS; i++) {
        if (flights[i].sent == 0 || time - flights[i].sent < LOST_AFTER) continue;
        flights[i].sent = 0;
        in_flight--;
        lost++;
      }
    }
  }
  qsort(latencies, latency_count, sizeof *latencies, by_size);
  printf("{\"sent\":%ld,\"answered\":%ld,\"lost\":%ld,\"wrong\":%ld,\"failed\":%ld,\"seconds\":%.6f,", sent, answered, lost,
         wrong, failed, (last_answer - start) / 1e9);
  printf("\"p50\":%.1f,\"p99\":%.1f,\"p999\":%.1f,\"worst\":%.1f}\n", percentile(0.50), percentile(0.99),
         percentile(0.999), percentile(1));
  return 0;
}
