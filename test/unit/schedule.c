/* schedule, record: RFC 8448 section 3, byte for byte; records of each cipher, altered and not. */
#include "check.h"
#include "lib/tls/record.h"
#include "lib/tls/schedule.h"

static size_t
hex(unsigned char *out, const char *text)
{
	size_t n = 0;
	unsigned byte;

	for (; sscanf(text, "%2x", &byte) == 1; text += 2)
		out[n++] = (unsigned char)byte;
	return n;
}

static bool
is(const unsigned char *got, const char *want)
{
	unsigned char bytes[1024];
	size_t n = hex(bytes, want);

	return memcmp(got, bytes, n) == 0;
}

static const char client_hello[] = "010000c00303cb34ecb1e78163ba1c38c6dacb196a6dffa21a8d9912ec18a2e"
				   "f6283024dece7000006130113031302010000910000000b"
				   "0009000006736572766572ff01000100000a00140012001d001700180019010"
				   "0010101020103010400230000003300260024001d002099"
				   "381de560e4bd43d23d8e435a7dbafeb3c06e51c13cae4d5413691e529aaf2c0"
				   "02b0003020304000d0020001e0403050306030203080408"
				   "05080604010501060102010402050206020202002d00020101001c00024001";
static const char server_hello[] =
	"020000560303a6af06a4121860dc5e6e60249cd34c95930c8ac5cb1434dac155772ed3e2692800130100002e00"
	"330024001d0020c98288"
	"76112095fe66762bdbf7c672e156d6cc253b833df1dd69b1b04e751f0f002b00020304";
static const char flight[] = "080000240022000a00140012001d00170018001901000101010201030104001c00024"
			     "001000000000b0001b9000001b50001b0308201ac"
			     "30820115a003020102020102300d06092a864886f70d01010b0500300e310c300a060"
			     "35504031303727361301e170d3136303733303031"
			     "323335395a170d3236303733303031323335395a300e310c300a06035504031303727"
			     "36130819f300d06092a864886f70d010101050003"
			     "818d0030818902818100b4bb498f8279303d980836399b36c6988c0c68de55e1bdb82"
			     "6d3901a2461eafd2de49a91d015abbc9a95137ace"
			     "6c1af19eaa6af98c7ced43120998e187a80ee0ccb0524b1b018c3e0b63264d449a6d3"
			     "8e22a5fda430846748030530ef0461c8ca9d9efbf"
			     "ae8ea6d1d03e2bd193eff0ab9a8002c47428a6d35a8d88d79f7f1e3f0203010001a31"
			     "a301830090603551d1304023000300b0603551d0f"
			     "0404030205a0300d06092a864886f70d01010b05000381810085aad2a0e5b9276b908"
			     "c65f73a7267170618a54c5f8a7b337d2df7a59436"
			     "5417f2eae8f8a58c8f8172f9319cf36b7fd6c55b80f21a03015156726096fd335e5e6"
			     "7f2dbf102702e608ccae6bec1fc63a42a99be5c3e"
			     "b7107c3c54e9b9eb2bd5203b1c3b84e0a8b2f759409ba3eac9d91d402dcc0cc8f8961"
			     "229ac9187b42b4de100000f000084080400805a74"
			     "7c5d88fa9bd2e55ab085a61015b7211f824cd484145ab3ff52f1fda8477b0b7abc90d"
			     "b78e2d33a5c141a078653fa6bef780c5ea248eeaa"
			     "a785c4f394cab6d30bbe8d4859ee511f602957b15411ac027671459e46445c9ea58c1"
			     "81e818e95b8c3fb0bf3278409d3be152a3da5043e"
			     "063dda65cdf5aea20d53dfacd42f74f314000020";
static const char server_finished[] =
	"9b9b141d906337fbd2cbdce71df4deda4ab42c309572cb7fffee5454b78f0718";
static const char client_finished[] =
	"a8ec436d677634ae525ac1fcebe11a039ec17694fac6e98527b642f2edd5ce61";
static const char flight_record[] = "17030302a2d1ff334a56f5bff6594a07cc87b580233f500f45e489e7f33af3"
				    "5edf7869fcf40aa40aa2b8ea73f848a7ca07612ef9f945cb"
				    "960b4068905123ea78b111b429ba9191cd05d2a389280f526134aadc7fc78c"
				    "4b729df828b5ecf7b13bd9aefb0e57f271585b8ea9bb355c"
				    "7c79020716cfb9b1183ef3ab20e37d57a6b9d7477609aee6e122a4cf514273"
				    "25250c7d0e509289444c9b3a648f1d71035d2ed65b0e3cdd"
				    "0cbae8bf2d0b227812cbb360987255cc744110c453baa4fcd610928d809810"
				    "e4b7ed1a8fd991f06aa6248204797e36a6a73b70a2559c09"
				    "ead68694";
static const char data_record[] =
	"1703030043a23f7054b62c94d0affafe8228ba55cbefacea42f914aa66bcab3f2b9819a8a5b46b395bd54a9a"
	"20441e2b62974e1f5a6292a2977014bd1e3deae63aeebb21694915e4";

static unsigned char transcript_bytes[2048];

static void
add(struct transcript *t, const char *text)
{
	transcript_add(t, transcript_bytes, hex(transcript_bytes, text));
}

static void
derive(unsigned char out[48], const unsigned char *secret, const char *label,
	const struct transcript *t)
{
	unsigned char now[48];

	transcript_now(t, now);
	schedule_expand(false, out, 32, secret, label, now, 32);
}

static void
finished(unsigned char out[48], const unsigned char *secret, const struct transcript *t)
{
	unsigned char key[32], now[48];

	schedule_expand(false, key, 32, secret, "finished", NULL, 0);
	transcript_now(t, now);
	schedule_hmac(false, out, key, 32, now, 32);
}

static void
keys(struct record *r, const unsigned char *secret)
{
	unsigned char key[32], iv[12];

	schedule_expand(false, key, 16, secret, "key", NULL, 0);
	schedule_expand(false, iv, 12, secret, "iv", NULL, 0);
	record_set(r, RECORD_AES128_GCM, true, key, iv);
}

/* RFC 8448 section 3: each secret, key, Finished and record of a handshake. */
static void
test_trace(void)
{
	unsigned char shared[32], secret[48], client[48], server[48], out[48], buf[1024], *plain;
	struct transcript t;
	struct record r;
	enum record_type type;
	size_t len;

	transcript_start(&t, false);
	add(&t, client_hello);
	add(&t, server_hello);
	schedule_extract(false, secret, NULL, NULL, 0);
	CHECK(is(secret, "33ad0a1c607ec03b09e6cd9893680ce210adf300aa1f2660e1b22e10f170f92a"));
	schedule_derived(false, secret, secret);
	CHECK(is(secret, "6f2615a108c702c5678f54fc9dbab69716c076189c48250cebeac3576c3611ba"));
	hex(shared, "8bd4054fb55b9d63fdfbacf9f04b9f0d35e6d63f537563efd46272900f89492d");
	schedule_extract(false, secret, secret, shared, 32);
	CHECK(is(secret, "1dc826e93606aa6fdc0aadc12f741b01046aa6b99f691ed221a9f0ca043fbeac"));
	derive(client, secret, "c hs traffic", &t);
	CHECK(is(client, "b3eddb126e067f35a780b3abf45e2d8f3b1a950738f52e9600746a0e27a55a21"));
	derive(server, secret, "s hs traffic", &t);
	CHECK(is(server, "b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38"));
	schedule_derived(false, secret, secret);
	schedule_extract(false, secret, secret, NULL, 0);
	CHECK(is(secret, "18df06843d13a08bf2a449844c5f8a478001bc4d4c627984d5a41da8d0402919"));
	keys(&r, server);
	CHECK(is(r.key, "3fce516009c21727d0f2e4e86ee403bc") &&
		is(r.iv, "5d313eb2671276ee13000b30"));
	/* The server's flight in one record: its first 200 bytes are compared. */
	len = hex(buf + 5, flight);
	len += hex(buf + 5 + len, server_finished);
	CHECK_INT(len, 657);
	CHECK_INT(record_seal(&r, RECORD_HANDSHAKE, buf, len), 679);
	CHECK(is(buf, flight_record));
	keys(&r, server);
	CHECK_INT(record_open(&r, buf, buf + 5, 674, &plain, &type), 657);
	CHECK(type == RECORD_HANDSHAKE && is(plain, "08000024"));
	add(&t, flight); /* with the head of Finished: taken out again below */
	transcript_start(&t, false);
	add(&t, client_hello);
	add(&t, server_hello);
	transcript_add(&t, transcript_bytes, hex(transcript_bytes, flight) - 4);
	finished(out, server, &t);
	CHECK(is(out, server_finished));
	add(&t, "14000020");
	add(&t, server_finished);
	derive(out, secret, "c ap traffic", &t);
	CHECK(is(out, "9e40646ce79a7f9dc05af8889bce6552875afa0b06df0087f792ebb7c17504a5"));
	keys(&r, out);
	CHECK(is(r.key, "17422dda596ed5d9acd890e3c63f5051") &&
		is(r.iv, "5b78923dee08579033e523d9"));
	for (size_t i = 0; i < 50; i++)
		buf[5 + i] = (unsigned char)i;
	CHECK_INT(record_seal(&r, RECORD_DATA, buf, 50), 72);
	CHECK(is(buf, data_record));
	derive(out, secret, "s ap traffic", &t);
	CHECK(is(out, "a11af9f05531f856ad47116b45a950328204b4f44bfb6b3a4b4f1f3fcb631643"));
	finished(out, client, &t);
	CHECK(is(out, client_finished));
	add(&t, "14000020");
	add(&t, client_finished);
	derive(out, secret, "res master", &t);
	CHECK(is(out, "7df235f2031d2a051287d02b0241b0bfdaf86cc856231f2d5aba46c434ec196c"));
	schedule_expand(false, out, 32, out, "resumption", (const unsigned char[]){ 0, 0 }, 2);
	CHECK(is(out, "4ecd0eb6ec3b4d87f5d6028f922ca4c5851a277fd41311c9e62d2c9492e1c4f3"));
}

/* Each cipher in each version: what was sealed opens; with any bit turned, another head, number or key it does not. */
static void
test_records(void)
{
	static unsigned char buf[RECORD_HEAD + RECORD_WIRE], copy[sizeof buf];
	static const unsigned char key[32] = { 1 }, iv[12] = { 2 };
	unsigned char *plain;
	enum record_type type;
	struct record to, from;

	for (unsigned cipher = RECORD_AES128_GCM; cipher <= RECORD_CHACHA20; cipher++)
		for (unsigned is_13 = 0; is_13 < 2; is_13++) {
			size_t whole;

			record_set(&to, (enum record_cipher)cipher, is_13 != 0, key, iv);
			from = to;
			for (size_t len = 0; len <= RECORD_PLAIN; len = len * 5 + (len < 20)) {
				memset(buf + record_before(&to), 'x', len);
				whole = record_seal(&to, RECORD_DATA, buf, len);
				CHECK_INT(whole, record_before(&to) + len + record_after(&to));
				CHECK_INT(
					record_open(&from, buf, buf + 5, whole - 5, &plain, &type),
					len);
				CHECK(type == RECORD_DATA &&
					(len == 0 || (plain[0] == 'x' && plain[len - 1] == 'x')));
			}
			memset(buf + record_before(&to), 'y', 30);
			whole = record_seal(&to, RECORD_HANDSHAKE, buf, 30);
			for (size_t i = 0; i < whole; i++) {
				if (i >= 3 && i < 5)
					continue; /* the length is given apart */
				memcpy(copy, buf, whole);
				copy[i] ^= 0x10;
				CHECK_INT(record_open(
						  &from, copy, copy + 5, whole - 5, &plain, &type),
					RECORD_FORGED);
			}
			for (size_t len = 0; len < whole - 5; len++) {
				memcpy(copy, buf, whole);
				CHECK_INT(record_open(&from, copy, copy + 5, len, &plain, &type),
					RECORD_FORGED);
			}
			CHECK_INT(record_open(&from, buf, buf + 5, whole - 5, &plain, &type), 30);
			memcpy(copy, buf, whole);
			whole = record_seal(&to, RECORD_DATA, buf, 0);
			from.sequence++;
			CHECK_INT(record_open(&from, buf, buf + 5, whole - 5, &plain, &type),
				RECORD_FORGED);
		}
	CHECK_INT(
		record_open(&from, buf, buf + 5, RECORD_WIRE + 1, &plain, &type), RECORD_TOO_LONG);
}

/* RFC 5246's PRF as its known answers go: https://www.ietf.org/mail-archive/web/tls/current/msg03416.html */
static void
test_prf(void)
{
	static const char secret[] = "9bbe436ba940f017b17652849a71db35",
			  seed[] = "a0ba9f936cda311827a6f796ffd5198c";
	unsigned char s[16], a[16], out[100];

	hex(s, secret);
	hex(a, seed);
	schedule_prf(false, out, 100, s, 16, "test label", a, 10, a + 10, 6);
	CHECK(is(out, "e3f229ba727be17b8d122620557cd453c2aab21d07c3d495329b52d4e61edb5a6b301791e90d"
		      "35c9c9a46b4e14baf9af0fa0"
		      "22f7077def17abfd3797c0564bab4fbc91666e9def9b97fce34f796789baa48082d122ee42c5"
		      "a72e5a5110fff70187347b66"));
}

/* A HelloRetryRequest's transcript, and that asking for a digest changes nothing. */
static void
test_transcript(void)
{
	for (int sha384 = 0; sha384 < 2; sha384++) {
		struct transcript t, again;
		unsigned char one[48], two[48], head[4] = { 254, 0, 0, 0 };
		size_t size = schedule_size(sha384 != 0);

		transcript_start(&t, sha384 != 0);
		transcript_add(&t, "hello", 5);
		transcript_now(&t, one);
		transcript_now(&t, two);
		CHECK(memcmp(one, two, size) == 0);
		schedule_hash(sha384 != 0, two, "hello", 5);
		CHECK(memcmp(one, two, size) == 0);
		transcript_fold(&t);
		head[3] = (unsigned char)size;
		transcript_start(&again, sha384 != 0);
		transcript_add(&again, head, 4);
		transcript_add(&again, one, size);
		transcript_now(&t, one);
		transcript_now(&again, two);
		CHECK(memcmp(one, two, size) == 0);
	}
}

int
main(void)
{
	test_trace();
	test_records();
	test_prf();
	test_transcript();
	return check_done("schedule");
}
