// The script's one HTTP client, a program of Python's standard library: cloud-init, which runs the script, is Python,
// so it is there, while curl and wget may not be. It signs (OAuth 1.0a PLAINTEXT, RFC 5849 §3.4.4, with the machine's
// token from the environment), learns the region's clock from a refusal, resumes downloads and takes their digest.

/**
 * `post URL FILE TYPE SECONDS` sends, again and again for so long, and fails when refused; signed when OAUTH is set.
 * `fetch URL SHA256 BYTES` writes to its output and fails unless length and digest are right.
 */
export const HTTP_PROGRAM = String.raw`import email.utils, hashlib, http.client, os, sys, time, uuid
import urllib.error, urllib.request

TIMEOUT = 30
FAILURES = (OSError, http.client.HTTPException)
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def say(text):
    print('http:', text, file=sys.stderr, flush=True)


def authorization(skew):
    stamp = int(time.time() + skew)
    return 'OAuth oauth_nonce="%s", oauth_timestamp="%d", %s' % (
        uuid.uuid4().hex, stamp, os.environ['OAUTH'])


def server_skew(error):
    date = email.utils.parsedate_to_datetime(error.headers['Date'])
    return date.timestamp() - time.time()


def post(url, path, kind, seconds):
    with open(path, 'rb') as file:
        body = file.read()
    end = time.monotonic() + float(seconds)
    skew, pause = 0, 1
    while True:
        headers = {'Content-Type': kind}
        if os.environ.get('OAUTH'):
            headers['Authorization'] = authorization(skew)
        try:
            request = urllib.request.Request(url, body, headers)
            with opener.open(request, timeout=TIMEOUT) as answer:
                answer.read()
            return 0
        except urllib.error.HTTPError as error:
            say('%s answered %d' % (url, error.code))
            if error.code in (401, 403) and skew == 0 and error.headers['Date']:
                skew = server_skew(error)
            elif error.code < 500 and error.code not in (408, 429):
                return 1
        except FAILURES as error:
            say('%s: %s' % (url, error))
        if time.monotonic() + pause > end:
            return 1
        time.sleep(pause)
        pause = min(pause * 2, 15)


def fetch(url, wanted, size):
    size, seen, failures, digest = int(size), 0, 0, hashlib.sha256()
    while seen < size and failures < 10:
        before = seen
        try:
            headers = {'Range': 'bytes=%d-' % seen} if seen else {}
            request = urllib.request.Request(url, None, headers)
            with opener.open(request, timeout=TIMEOUT) as answer:
                skip = seen if answer.status != 206 else 0
                for chunk in iter(lambda: answer.read(1 << 20), b''):
                    chunk, skip = chunk[skip:], max(0, skip - len(chunk))
                    if seen + len(chunk) > size:
                        say('longer than it should be')
                        return 1
                    if not write(chunk):
                        return 1
                    digest.update(chunk)
                    seen += len(chunk)
        except urllib.error.HTTPError as error:
            say('%s answered %d' % (url, error.code))
            if error.code < 500 and error.code not in (408, 429):
                return 1
        except FAILURES as error:
            say('%s after %d bytes: %s' % (url, seen, error))
        if seen < size:
            failures = 0 if seen > before else failures + 1
            time.sleep(1 + failures)
    if seen != size or digest.hexdigest() != wanted:
        say('%d bytes with SHA-256 %s are not the image' % (seen, digest.hexdigest()))
        return 1
    return 0


def write(chunk):
    try:
        sys.stdout.buffer.write(chunk)
        sys.stdout.buffer.flush()
        return True
    except OSError as error:
        say('the reader is gone: %s' % error)
        return False


sys.exit({'post': post, 'fetch': fetch}[sys.argv[1]](*sys.argv[2:]))
`
