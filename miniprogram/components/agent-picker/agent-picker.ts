import type { AgentPresence } from "../../../src/contract/presence";
import { watching } from "../../behaviors/watching";
import { agentNote } from "../../utils/account/agent-text";
import { changeUser } from "../../utils/account/change-user";
import type { Claw } from "../../utils/claw";
import { buzz, complain } from "../../utils/screen/say";

const { claw } = getApp<{ claw: Claw }>();

interface Row {
  id: string;
  note: string;
  online: boolean;
  chosen: boolean;
}

/** The agents, with how each is, to choose the one that new conversations and tasks go to. */
Component({
  behaviors: [watching],
  data: { rows: [] as Row[], waiting: true, changing: false },
  lifetimes: {
    attached() {
      const show = () => this.show();
      for (const cell of [claw.agents, claw.user, claw.connection]) this.watchCell<unknown>(cell, show);
    },
  },
  methods: {
    show() {
      const rows = claw.agents.value.map((agent) => rowOf(agent, claw.user.value?.agentId));
      const waiting = rows.length === 0 && claw.connection.value !== "online";
      if (waiting !== this.data.waiting || JSON.stringify(rows) !== JSON.stringify(this.data.rows))
        this.setData({ rows, waiting });
    },
    async choose(event: WechatMiniprogram.BaseEvent<object, { id: string }>) {
      const agentId = event.currentTarget.dataset.id;
      if (this.data.changing || agentId === claw.user.value?.agentId) return;
      buzz();
      this.setData({ changing: true });
      try {
        await changeUser(claw, { agentId }, () => claw.api.me.setAgent.mutate({ agentId }));
      } catch (error) {
        complain(error);
      }
      this.setData({ changing: false });
    },
  },
});

function rowOf(agent: AgentPresence, chosenId: string | undefined): Row {
  return { id: agent.id, note: agentNote(agent), online: agent.online, chosen: agent.id === chosenId };
}
