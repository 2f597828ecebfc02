-- Requests of a file in turn, one a line: method, path, access token and body, with tabs between. With "refresh" as the second argument the
-- lines are refresh tokens, and each answer brings the next one.
local requests, position, checked = {}, 1, false

function init(arguments)
  local file = assert(io.open(arguments[1]))
  if arguments[2] == "refresh" then
    for line in file:lines() do
      table.insert(requests, line)
    end
    local first, last = 1, #requests
    request = function()
      -- wrk asks once before it starts, and does not send that request.
      if not checked then
        checked = true
        return wrk.format("GET", "/")
      end
      local token = requests[first]
      requests[first] = nil
      first = first + 1
      return wrk.format("POST", "/api/v1/auth/refresh", { ["Content-Type"] = "application/json" }, '{"refreshToken":"' .. token .. '"}')
    end
    response = function(status, _, body)
      if status == 200 then
        last = last + 1
        requests[last] = body:match('"refreshToken":"([^"]+)"')
      end
    end
  else
    for line in file:lines() do
      local method, path, token, body = line:match("^([^\t]*)\t([^\t]*)\t([^\t]*)\t(.*)$")
      local headers = {}
      if token ~= "" then
        headers["Authorization"] = "Bearer " .. token
      end
      if body ~= "" then
        headers["Content-Type"] = "application/json"
      end
      table.insert(requests, wrk.format(method, path, headers, body ~= "" and body or nil))
    end
    request = function()
      if not checked then
        checked = true
        return requests[1]
      end
      local next = requests[position]
      position = position % #requests + 1
      return next
    end
  end
  file:close()
end

function done(summary, latency)
  io.write(
    string.format(
      "result %d %d %d %d %d\n",
      summary.requests,
      summary.duration,
      summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.status + summary.errors.timeout,
      latency:percentile(50),
      latency:percentile(99)
    )
  )
end
