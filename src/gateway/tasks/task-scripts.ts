import { userKeys } from "../redis/keys.ts";
import { script } from "../redis/script.ts";

const STATUSES = ["queued", "delivered", "running", "done", "failed", "cancelled"] as const;

/** Tasks forgotten by lists in one step: it must not hold up Redis. */
const FORGET_AT_ONCE = 20;

/** The keys that every script about a user's tasks is given. */
export function listKeys(userId: string, taskId: string): string[] {
  const keys = userKeys(userId);
  return [
    keys.task(taskId),
    keys.tasks,
    keys.taskNumbers,
    keys.taskNumber,
    ...STATUSES.map((status) => keys.tasksIn(status)),
  ];
}

/**
 * Lua over `listKeys`. `place`: a task into the lists, by its status; `open`: how many there are that have not ended;
 * `keep`: everything lives on from now; `forget`: those made before a time leave the lists.
 */
const LISTS_LUA = `
local STATUSES = {${STATUSES.map((status) => `'${status}'`).join(", ")}}
local function place(id, created, status)
  for i, other in ipairs(STATUSES) do
    if other == status then redis.call('ZADD', KEYS[4 + i], created, id)
    else redis.call('ZREM', KEYS[4 + i], id) end
  end
end
local function open()
  return redis.call('ZCARD', KEYS[5]) + redis.call('ZCARD', KEYS[6]) + redis.call('ZCARD', KEYS[7])
end
local function keep(ttl)
  for _, i in ipairs({1, 2, 3, 5, 6, 7, 8, 9, 10}) do redis.call('EXPIRE', KEYS[i], ttl) end
  redis.call('HINCRBY', KEYS[1], 'revision', 1)
end
local function forget(before)
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', before, 'LIMIT', 0, ${FORGET_AT_ONCE})) do
    for i = 2, 10 do
      if i ~= 4 then redis.call('ZREM', KEYS[i], id) end
    end
  end
end
local function enter(id, created, number, status)
  -- Each at a time of its own, so that a place in the list is a time.
  while redis.call('ZCOUNT', KEYS[2], created, created) > 0 do created = created + 1 end
  if number == '' then
    number = redis.call('INCR', KEYS[4])
  elseif tonumber(number) > tonumber(redis.call('GET', KEYS[4]) or '0') then
    redis.call('SET', KEYS[4], number)
  end
  redis.call('HSET', KEYS[1], 'number', number, 'created', created)
  redis.call('ZADD', KEYS[2], created, id)
  redis.call('ZADD', KEYS[3], number, id)
  place(id, created, status)
  return number
end`;

export const TOO_MANY = -1;

// ARGV: id, ttl, when it is made (ms), most open ones, number it had been given or '', then the task's fields.
// Returns its number, or TOO_MANY. A new one comes after all others; one that Redis has lost goes back to its place.
export const createTask = script(`${LISTS_LUA}
local known = redis.call('HGET', KEYS[1], 'number')
if known then return tonumber(known) end
if ARGV[5] == '' and open() >= tonumber(ARGV[4]) then return ${TOO_MANY} end
forget(ARGV[3] - ARGV[2] * 1000)
for i = 6, #ARGV, 2 do redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
redis.call('HSET', KEYS[1], 'status', 'queued', 'attempts', 1, 'attempted', ARGV[3], 'rank', 1)
local at = tonumber(ARGV[3])
if ARGV[5] == '' then at = math.max(at, tonumber(redis.call('ZREVRANGE', KEYS[2], 0, 0, 'WITHSCORES')[2] or '0')) end
local number = enter(ARGV[1], at, ARGV[5], 'queued')
keep(ARGV[2])
return tonumber(number)`);

// ARGV: id, ttl, now (ms), most open ones, job of the attempt that has ended, job of the new one, all attempts so far
// (JSON), who asks. Returns 1, 0 when the attempt is another by now, or TOO_MANY.
export const retryTask = script(`${LISTS_LUA}
local task = redis.call('HMGET', KEYS[1], 'job', 'rank', 'created')
if task[1] ~= ARGV[5] or tonumber(task[2]) < 4 then return 0 end
if open() >= tonumber(ARGV[4]) then return ${TOO_MANY} end
redis.call('HINCRBY', KEYS[1], 'attempts', 1)
redis.call('HSET', KEYS[1], 'job', ARGV[6], 'status', 'queued', 'rank', 1, 'attempted', ARGV[3], 'earlier', ARGV[7], 'asked', ARGV[8])
redis.call('HDEL', KEYS[1], 'started', 'finished', 'progress', 'preview', 'failure')
place(ARGV[1], task[3], 'queued')
keep(ARGV[2])
return 1`);

// ARGV: id, ttl, job, rank, status, then fields that are new; of `started` the first counts. Never backwards, and only the
// newest attempt. Returns the status until then ('' when nothing has changed) and the task as a flat list, or false
// without a task.
export const updateTask = script(`
local task = redis.call('HMGET', KEYS[1], 'job', 'rank', 'created', 'status')
if not task[1] then return false end
if task[1] ~= ARGV[3] or tonumber(task[2]) >= tonumber(ARGV[4]) then return {'', redis.call('HGETALL', KEYS[1])} end
redis.call('HSET', KEYS[1], 'rank', ARGV[4], 'status', ARGV[5])
for i = 6, #ARGV, 2 do
  redis.call(ARGV[i] == 'started' and 'HSETNX' or 'HSET', KEYS[1], ARGV[i], ARGV[i + 1])
end
redis.call('HINCRBY', KEYS[1], 'revision', 1)
redis.call('EXPIRE', KEYS[1], ARGV[2])
if task[4] ~= ARGV[5] then
  for i, status in ipairs({${STATUSES.map((status) => `'${status}'`).join(", ")}}) do
    if status == task[4] then redis.call('ZREM', KEYS[4 + i], ARGV[1]) end
    if status == ARGV[5] then
      redis.call('ZADD', KEYS[4 + i], task[3], ARGV[1])
      redis.call('EXPIRE', KEYS[4 + i], ARGV[2])
    end
  end
end
return {task[4], redis.call('HGETALL', KEYS[1])}`);

// ARGV: id, ttl, revision, then all of the task's fields. Takes in another user's task, under a new number; one that is
// there only if it is older.
export const adoptTask = script(`${LISTS_LUA}
local known = redis.call('HMGET', KEYS[1], 'number', 'created', 'revision')
if known[1] and tonumber(known[3]) >= tonumber(ARGV[3]) then return 0 end
redis.call('DEL', KEYS[1])
for i = 4, #ARGV, 2 do redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
local status, created = unpack(redis.call('HMGET', KEYS[1], 'status', 'created'))
if known[1] then
  redis.call('HSET', KEYS[1], 'number', known[1], 'created', known[2])
  place(ARGV[1], known[2], status)
else
  enter(ARGV[1], tonumber(created), '', status)
end
keep(ARGV[2])
redis.call('HSET', KEYS[1], 'revision', ARGV[3])
return 1`);

// ARGV: id, revision. Forgets a task, unless it has changed since.
export const releaseTask = script(`
local revision = redis.call('HGET', KEYS[1], 'revision')
if revision and revision ~= ARGV[2] then return 0 end
redis.call('DEL', KEYS[1])
for i = 2, 10 do
  if i ~= 4 then redis.call('ZREM', KEYS[i], ARGV[1]) end
end
return 1`);
