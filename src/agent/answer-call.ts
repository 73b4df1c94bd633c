import { callTRPCProcedure, getTRPCErrorFromUnknown } from "@trpc/server";
import { type AgentContext, agentRouter } from "../contract/agent-api.ts";
import type { AgentAnswer, AgentCall } from "../contract/link-api.ts";

/** Runs one of the agent's own procedures for the gateway. An error of ours is named, not described. */
export async function answerCall(
  call: AgentCall,
  ctx: AgentContext,
  signal: AbortSignal,
): Promise<AgentAnswer> {
  const { callId, path, type, input } = call;
  try {
    const getRawInput = () => Promise.resolve(input);
    const data: unknown = await callTRPCProcedure({
      router: agentRouter,
      path,
      getRawInput,
      ctx,
      type,
      signal,
      batchIndex: 0,
    });
    return { callId, result: { ok: true, data } };
  } catch (error) {
    const { code, message } = getTRPCErrorFromUnknown(error);
    return { callId, result: { ok: false, code, message: code === "INTERNAL_SERVER_ERROR" ? "" : message } };
  }
}
