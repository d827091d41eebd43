// Sessions of a web application, as middleware for node:http, Express and the like: each request finds its session by a
// cookie, and a session that nobody uses for `ttl` seconds is gone.   PORT=8080 node sessions.mjs [configuration]
import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { pathToFileURL } from "node:url";
import { open } from "lgstore";

/** Middleware that gives each request `request.session`, and saves it when the handler says `request.saveSession()`. */
export function sessions(store, { ttl = 1800, cookie = "sid", namespace = ["sessions"] } = {}) {
  return async (request, response, next) => {
    try {
      const known = new RegExp(`(?:^|; )${cookie}=([0-9a-f-]{36})(?:;|$)`).exec(request.headers.cookie ?? "")?.[1];
      // Whoever reads a session keeps it alive.
      const item = known && (await store.get(namespace, known, { refreshTtl: true }));
      // An id that the store does not know was not given out by it, so it is not taken over.
      const id = item ? known : randomUUID();
      request.session = item ? item.value : {};
      request.saveSession = () => store.put(namespace, id, request.session, { ttl });
      request.endSession = () => store.delete(namespace, id);
      if (!item) response.setHeader("Set-Cookie", `${cookie}=${id}; Path=/; HttpOnly; SameSite=Lax; Max-Age=${ttl}`);
      next();
    } catch (error) {
      next(error);
    }
  };
}

/** Counts how often somebody has been here; POST /logout forgets them. */
export function application(store, options) {
  const withSession = sessions(store, options);
  return createServer((request, response) => {
    withSession(request, response, async (error) => {
      try {
        if (error) throw error;
        if (request.method === "POST" && request.url === "/logout") {
          await request.endSession();
          response.end("bye\n");
          return;
        }
        request.session.visits = (request.session.visits ?? 0) + 1;
        await request.saveSession();
        response.end(`visit ${request.session.visits}\n`);
      } catch (failure) {
        // A store that can't serve now says when to come again.
        response.statusCode = failure.retryable ? 503 : 500;
        if (failure.retryAfter) response.setHeader("Retry-After", Math.ceil(failure.retryAfter));
        response.end("sorry\n");
      }
    });
  });
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const store = await open(process.argv[2] ?? "file:sessions.db");
  const server = application(store).listen(process.env.PORT ?? 8080, () => {
    console.log(`http://localhost:${server.address().port}/`);
  });
  process.once("SIGINT", () => server.close(() => store.close()));
}
