// The script's one HTTP client, a program of Python's standard library: cloud-init, which runs the script, is Python,
// so it is there, while curl and wget may not be. It signs (OAuth 1.0a PLAINTEXT, RFC 5849 §3.4.4, with the machine's
// token from the environment), learns the region's clock from a refusal, resumes downloads and takes their digest.
//
// Beside it lies `places`: a line `BASE IMAGE_URL` for each rack or region. One that does not connect, is silent, breaks
// off, answers 502, 503, 504 or something else than the image is left for the next; the one that answered last is asked
// first from then on, by later runs too. A refusal (4xx) would be the same everywhere.

/**
 * `post PATH FILE TYPE SECONDS` sends, again and again for so long, and fails when refused; signed when OAUTH is set.
 * Every place is tried once, however short the time. All that the script posts may be said twice.
 * `fetch SHA256 BYTES` writes the image to its output and fails unless length and digest are right. Where the output is
 * a file, wrong bytes are forgotten and fetched anew, of one place alone, twice as often as there are places.
 */
export const HTTP_PROGRAM = String.raw`import email.utils, hashlib, http.client, os, sys, tempfile, time, uuid
import urllib.error, urllib.request

CONNECT_TIMEOUT = 5
TIMEOUT = 30
HERE = os.path.dirname(os.path.abspath(__file__))
FAILURES = (OSError, ValueError, http.client.HTTPException)


class Connection(http.client.HTTPConnection):
    """A dead host is left sooner than one that thinks."""

    def connect(self):
        self.timeout = CONNECT_TIMEOUT
        super().connect()
        self.sock.settimeout(TIMEOUT)


class Handler(urllib.request.HTTPHandler):
    def http_open(self, request):
        return self.do_open(Connection, request)


opener = urllib.request.build_opener(Handler(), urllib.request.ProxyHandler({}))


def say(text):
    print('http:', text, file=sys.stderr, flush=True)


def places():
    with open(os.path.join(HERE, 'places')) as file:
        return [line.split() for line in file if line.strip()]


def prefer(place):
    """A heartbeat may do the same at this moment: the file is always whole."""
    told = places()
    if told[0] == place or place not in told:
        return
    told.remove(place)
    handle, path = tempfile.mkstemp(dir=HERE)
    with open(handle, 'w') as file:
        file.writelines(' '.join(each) + '\n' for each in [place] + told)
    os.replace(path, os.path.join(HERE, 'places'))


def authorization(skew):
    stamp = int(time.time() + skew)
    return 'OAuth oauth_nonce="%s", oauth_timestamp="%d", %s' % (
        uuid.uuid4().hex, stamp, os.environ['OAUTH'])


def server_skew(error):
    try:
        date = email.utils.parsedate_to_datetime(error.headers['Date'])
        return date.timestamp() - time.time()
    except (TypeError, ValueError):
        return 0


def is_final(code):
    return code < 500 and code not in (408, 429)


def send(url, body, kind):
    """The code of the answer; throws when there is none."""
    skew = 0
    while True:
        headers = {'Content-Type': kind}
        if os.environ.get('OAUTH'):
            headers['Authorization'] = authorization(skew)
        try:
            request = urllib.request.Request(url, body, headers)
            with opener.open(request, timeout=TIMEOUT) as answer:
                answer.read()
                return answer.status
        except urllib.error.HTTPError as error:
            say('%s answered %d' % (url, error.code))
            if error.code not in (401, 403) or skew != 0:
                return error.code
            skew = server_skew(error)
            if skew == 0:
                return error.code


def post(path, name, kind, seconds):
    with open(name, 'rb') as file:
        body = file.read()
    end = time.monotonic() + float(seconds)
    pause = 1
    while True:
        for place in places():
            try:
                code = send(place[0] + path, body, kind)
            except FAILURES as error:
                say('%s%s: %s' % (place[0], path, error))
                continue
            if code in (502, 503, 504):
                continue
            prefer(place)
            if code < 300:
                return 0
            if is_final(code):
                return 1
            break
        if time.monotonic() + pause > end:
            return 1
        time.sleep(pause)
        pause = min(pause * 2, 15)


class Image:
    """What came of it so far, from whichever places."""

    def __init__(self, wanted, size):
        self.wanted, self.size = wanted, int(size)
        self.seen, self.digest = 0, hashlib.sha256()

    def take(self, answer):
        skip = 0 if answer.status == 206 else self.seen
        self.check_length(answer)
        for chunk in iter(lambda: answer.read(1 << 20), b''):
            chunk, skip = chunk[skip:], max(0, skip - len(chunk))
            if self.seen + len(chunk) > self.size:
                # All before is doubtful, too: the digest must say.
                raise ValueError('longer than it should be')
            write(chunk)
            self.digest.update(chunk)
            self.seen += len(chunk)

    def check_length(self, answer):
        """Something else than the image is mostly of another length: nothing of it is taken."""
        told = answer.headers['Content-Length']
        if answer.status == 206:
            told = answer.headers['Content-Range']
            if told != 'bytes %d-%d/%d' % (self.seen, self.size - 1, self.size):
                raise ValueError('gave %s, which is not the rest of the image' % told)
        elif told is not None and told != str(self.size):
            raise ValueError('gave %s bytes, the image has %d' % (told, self.size))

    def is_right(self):
        return self.seen == self.size and self.digest.hexdigest() == self.wanted

    def forget(self):
        """False: what was written cannot be taken back."""
        if not sys.stdout.buffer.seekable():
            return False
        sys.stdout.buffer.seek(0)
        sys.stdout.buffer.truncate()
        self.seen, self.digest = 0, hashlib.sha256()
        return True


class ReaderGone(Exception):
    pass


def write(chunk):
    try:
        sys.stdout.buffer.write(chunk)
        sys.stdout.buffer.flush()
    except OSError as error:
        raise ReaderGone('the reader is gone: %s' % error) from error


def fetch(wanted, size):
    image, order = Image(wanted, size), places()
    failures, wrong = 0, 0
    while failures < 10 * len(order):
        before, url = image.seen, order[0][1]
        try:
            headers = {'Range': 'bytes=%d-' % image.seen} if image.seen else {}
            request = urllib.request.Request(url, None, headers)
            with opener.open(request, timeout=TIMEOUT) as answer:
                image.take(answer)
            if image.seen < image.size:
                say('%s broke off after %d bytes' % (url, image.seen))
        except urllib.error.HTTPError as error:
            say('%s answered %d' % (url, error.code))
            if is_final(error.code):
                return 1
        except ReaderGone as error:
            say(error)
            return 1
        except FAILURES as error:
            say('%s after %d bytes: %s' % (url, image.seen, error))
        if image.is_right():
            prefer(order[0])
            return 0
        if image.seen == image.size:
            say('%d bytes with SHA-256 %s are not the image' % (
                image.seen, image.digest.hexdigest()))
            wrong += 1
            if wrong >= 2 * len(order) or not image.forget():
                return 1
            if before > 0:
                # Who began may have lied: this one gives all of it now.
                continue
        failures = 0 if image.seen > before else failures + 1
        order.append(order.pop(0))
        # Once around without a byte: all of them are in trouble.
        if failures >= len(order):
            time.sleep(min(failures // len(order), 10))
    return 1


sys.exit({'post': post, 'fetch': fetch}[sys.argv[1]](*sys.argv[2:]))
`
