-- For wrk: each request updates another assistant, so that none waits for another. Prints the figures as JSON.
-- Arguments: the path with `{n}`, the file with the body, how many assistants, headers.
local requests, number = {}, 0

function init(arguments)
  local path, file, count = arguments[1], io.open(arguments[2]), tonumber(arguments[3])
  local headers, body = { ["Content-Type"] = "application/json" }, file:read("*a")
  for i = 4, #arguments do
    local name, value = arguments[i]:match("^(.-): (.*)$")
    headers[name] = value
  end
  for n = 1, count do
    requests[n] = wrk.format("PUT", (path:gsub("{n}", n)), headers, body)
  end
end

function request()
  number = number % #requests + 1
  return requests[number]
end

function done(summary, latency)
  local errors = summary.errors
  local lost = errors.connect + errors.read + errors.write + errors.timeout
  io.write(string.format('{"good": %d, "bad": %d, "seconds": %f, "p50": %d, "p99": %d}\n',
    summary.requests - errors.status, errors.status + lost, summary.duration / 1e6,
    latency:percentile(50), latency:percentile(99)))
end
